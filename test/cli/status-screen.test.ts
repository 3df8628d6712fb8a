import { EventEmitter } from 'node:events';

import { eventReceiverKind } from '../../operator/api/event-receiver.ts';
import { type CustomResource } from '../../operator/api/resource.ts';
import { readInventory } from '../../operator/cli/inventory.ts';
import { type ChangeScreen, watchInventory } from '../../operator/cli/inventory-watch.ts';
import { createStatusScreen } from '../../operator/cli/status-screen.ts';
import { KubeError } from '../../operator/kube/kube-error.ts';
import { cluster, createReadingClient, ready, wholeCluster } from './cluster-objects.ts';
import { createFakeClock } from '../fake-clock.ts';

/** A stream that keeps what is written. */
function createStream(isTTY: boolean, rows = 50) {
  const emitter = new EventEmitter();
  const written: string[] = [];
  return {
    isTTY,
    rows,
    written,
    text: () => written.join(''),
    write: (text: string) => written.push(text) > 0,
    once: emitter.once.bind(emitter),
    break: () => emitter.emit('error', new Error('EPIPE')),
  };
}

const inventory = () =>
  readInventory(createReadingClient(wholeCluster), { isWhole: false, namespaces: ['shop'] });
const oncall = { ...cluster.oncall, kind: 'EventReceiver' } as unknown as CustomResource;
const mended = {
  ...oncall,
  status: { ...ready('True'), sink: 'slack', delivered: 37, failed: 41, pending: 0 },
};

async function start(stream: ReturnType<typeof createStream>) {
  const clock = createFakeClock();
  const options = { stream: stream as never, wide: false, gaps: ['You may not list all'], clock };
  const screen = createStatusScreen(options);
  screen.begin(await inventory());
  return { screen, clock };
}

describe('status --watch where there is no terminal', () => {
  it('prints the tables once, then what changed in a line', async () => {
    const stream = createStream(false);
    const { screen } = await start(stream);
    const [tables = ''] = stream.written.splice(0);

    screen.change({ kind: eventReceiverKind, before: oncall, after: mended });
    screen.change({ kind: eventReceiverKind, before: undefined, after: mended });
    screen.change({ kind: eventReceiverKind, before: mended, after: undefined });

    expect(tables).toMatch(/^NAMESPACE[^]*eventreceiver\/oncall/);
    expect(stream.written.map((line) => line.replace(/^\S+Z /, ''))).toEqual([
      'eventreceiver shop/oncall ready False → True, delivered 0 → 37, pending 37 → 0, reason ConnectionRefused → Ready; is ready\n',
      'eventreceiver shop/oncall added, is ready\n',
      'eventreceiver shop/oncall deleted\n',
    ]);
    expect(stream.text()).not.toContain('\u001b');
  });

  it('prints nothing for what the tables do not show', async () => {
    const stream = createStream(false);
    const { screen } = await start(stream);
    stream.written.length = 0;

    const status = { ...(oncall.status as object), checkpoint: { resourceVersion: '9' } };
    screen.change({ kind: eventReceiverKind, before: oncall, after: { ...oncall, status } });

    expect(stream.text()).toBe('');
  });

  it('says once that the API server was lost, and that it was found', async () => {
    const stream = createStream(false);
    const { screen } = await start(stream);
    stream.written.length = 0;

    screen.lost('connection refused');
    screen.lost('connection refused');
    screen.lost(undefined);

    expect(stream.written.map((line) => line.replace(/^\S+Z /, ''))).toEqual([
      'lost the API server: connection refused\n',
      'found the API server again\n',
    ]);
  });

  it('ends when nobody reads it any more', async () => {
    const stream = createStream(false);
    const { screen } = await start(stream);

    stream.break();

    await expect(screen.closed).resolves.toBeUndefined();
  });
});

describe('status --watch on a terminal', () => {
  const colours = process.env['NO_COLOR'];
  beforeAll(() => {
    process.env['NO_COLOR'] = '1';
  });
  afterAll(() => {
    if (colours === undefined) delete process.env['NO_COLOR'];
    else process.env['NO_COLOR'] = colours;
  });

  it('draws anew in place, once for changes in quick succession', async () => {
    const stream = createStream(true);
    const { screen, clock } = await start(stream);
    stream.written.length = 0;

    screen.change({ kind: eventReceiverKind, before: oncall, after: mended });
    screen.lost('connection refused');
    await clock.advance(100);

    expect(stream.written).toHaveLength(1);
    expect(stream.text()).toMatch(/^\u001b\[\?7l\u001b\[HLost the API server: connection refused\u001b\[K\n/);
    expect(stream.text()).toContain('You may not list all');
    expect(stream.text()).toMatch(/shop +eventreceiver\/oncall +True +slack +37/);
    expect(stream.text()).not.toContain('ConnectionRefused');
  });

  it('draws anew without a change, because ages grow', async () => {
    const stream = createStream(true);
    const { clock } = await start(stream);

    await clock.advance(3_000);

    expect(stream.written.length).toBeGreaterThanOrEqual(3);
  });

  it('keeps to the height of the terminal, and says how much is below', async () => {
    const stream = createStream(true, 8);
    await start(stream);

    const lines = stream.text().split('\n');
    expect(lines).toHaveLength(8);
    expect(lines.at(-2)).toMatch(/^\.\.\. and \d+ more lines/);
  });
});

describe('the watch of an inventory', () => {
  it('ends with the remedy when the objects may be listed and not watched', async () => {
    const reading = createReadingClient(wholeCluster);
    const client = {
      ...reading,
      stream: () => Promise.reject(new KubeError('watch', { failure: 'forbidden' })),
    };
    const screen: ChangeScreen = {
      begin: () => undefined,
      change: () => undefined,
      lost: () => undefined,
      closed: new Promise(() => undefined),
    };

    await expect(watchInventory({ client, inventory: await inventory(), screen })).rejects.toThrow(
      /you may list Event\w+s and not watch them: ask for the verb watch, or leave out --watch/,
    );
  });
});

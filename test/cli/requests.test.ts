import { deadLetterRecords, formatDeadLetters, unlisted } from '../../operator/cli/dead-letter-list.ts';
import { askForLetters } from '../../operator/cli/deadletters.ts';
import { receiverKey } from '../../operator/cli/receiver-argument.ts';
import { createReceiverRequester, type ReadReceiver } from '../../operator/cli/receiver-requester.ts';
import { readSince, replayReceiver } from '../../operator/cli/replay.ts';
import { testReceiver } from '../../operator/cli/send-test.ts';
import { KubeError } from '../../operator/kube/kube-error.ts';
import { type RequestStatus } from '../../operator/status/request-status.ts';
import { createFakeClock, type FakeClock } from '../fake-clock.ts';
import { startApiServer } from './api-server.ts';
import { cluster, listed, listOf, listPath, ready } from './cluster-objects.ts';
import { eventroute } from './command.ts';

const key = { namespace: 'shop', name: 'oncall' };
const path = `${listPath('eventreceivers', 'shop')}/oncall`;

/** An API server with one receiver, and an operator that answers each request as it is told to. */
class FakeCluster {
  receiver: ReadReceiver = {
    apiVersion: 'eventroute.dev/v1beta1',
    kind: 'EventReceiver',
    metadata: { ...key, creationTimestamp: '2025-12-31T00:00:00Z' },
    spec: {},
  };
  /** The answers to what is asked, one for each read after that. */
  answers: Partial<RequestStatus>[] = [];
  refusals: Readonly<Record<string, 'forbidden' | 'notFound'>> = {};
  asked: { name: string; value: string } | undefined;

  request = <T>(method: string, requested: string, options: { readonly body?: unknown } = {}): Promise<T> => {
    const failure = this.refusals[`${method} ${requested}`] ?? this.refusals[method];
    if (failure !== undefined) return Promise.reject(new KubeError(requested, { failure }));
    if (method === 'PATCH') return Promise.resolve(this.#take(options.body) as T);
    if (requested === listPath('eventreceivers', 'shop')) {
      return Promise.resolve(listOf([cluster.oncall, cluster.spare]) as T);
    }
    const next = this.asked === undefined ? undefined : this.answers.shift();
    const requests = next && [{ name: this.asked?.name, requestedAt: this.asked?.value, ...next }];
    return Promise.resolve({ ...this.receiver, status: { requests } } as T);
  };

  #take(body: unknown): unknown {
    const { metadata } = body as { metadata: { annotations: Record<string, string> } };
    for (const [name, value] of Object.entries(metadata.annotations)) {
      this.asked = { name: name.replace('eventroute.dev/', ''), value };
    }
    return this.receiver;
  }
}

let fake: FakeCluster;
let clock: FakeClock;
beforeEach(() => {
  fake = new FakeCluster();
  clock = createFakeClock();
});
const requester = () => createReceiverRequester(fake, key, clock);
/** Lets time go on until a promise has settled. */
const settled = async <T>(promise: Promise<T>): Promise<T> => {
  const done = { yes: false };
  const mark = () => (done.yes = true);
  promise.then(mark, mark);
  for (let turn = 0; turn < 10_000 && !done.yes; turn += 1) await clock.advance(250);
  return promise;
};
const test30s = { timeoutMs: 30_000, by: 'alice' };

describe('a request', () => {
  it('is an annotation with the time and the words, and its own answer is waited for', async () => {
    fake.answers = [
      { requestedAt: 'an older one', state: 'Done', message: 'old' },
      { state: 'Running', message: 'waits for its delivery' },
      { state: 'Done', message: 'delivered to slack (hooks.slack.com) in 240 ms' },
    ];

    expect(await settled(testReceiver(requester(), test30s))).toBe(
      'delivered to slack (hooks.slack.com) in 240 ms',
    );
    expect(fake.asked).toEqual({ name: 'send-test', value: '2026-01-01T00:00:00.000Z by=alice' });
  });

  it('is never older than the receiver, however slow the clock of the caller is', async () => {
    fake.receiver = {
      ...fake.receiver,
      metadata: { ...key, creationTimestamp: '2026-01-01T00:05:00Z' },
    };
    fake.answers = [{ state: 'Done', message: 'delivered' }];
    await settled(testReceiver(requester(), test30s));

    expect(fake.asked?.value).toBe('2026-01-01T00:05:00.000Z by=alice');
  });

  it('that failed is an error with the reason', async () => {
    fake.answers = [{ state: 'Failed', message: 'Unauthorized: slack answered invalid_auth' }];

    await expect(settled(testReceiver(requester(), test30s))).rejects.toThrow(
      'the test of EventReceiver shop/oncall failed: Unauthorized: slack answered invalid_auth',
    );
  });

  it('that nobody answers is an error that tells where to look', async () => {
    await expect(settled(testReceiver(requester(), test30s))).rejects.toThrow(
      'the operator did not answer within 30s: is it running? See kubectl get pods -A -l app.kubernetes.io/name=eventroute; the request stays at EventReceiver shop/oncall and is handled once it runs',
    );
    expect(clock.now()).toBeGreaterThanOrEqual(30_000);
  });

  it('that takes too long tells what it waits for', async () => {
    fake.answers = Array.from({ length: 200 }, () => ({
      state: 'Running',
      message: 'the last attempt failed',
    }));

    await expect(settled(testReceiver(requester(), test30s))).rejects.toThrow(
      'not done within 30s, and goes on: the last attempt failed; see status.requests of EventReceiver shop/oncall',
    );
  });

  it('of a suspended receiver is not waited for once the operator has begun', async () => {
    fake.receiver = { ...fake.receiver, spec: { suspend: true } };
    fake.answers = [{ state: 'Running', message: 'spec.suspend is true' }];

    await expect(settled(testReceiver(requester(), test30s))).rejects.toThrow(
      'the test of EventReceiver shop/oncall is not done, and goes on: spec.suspend is true',
    );
  });

  it.each([
    [
      { [`GET ${path}`]: 'notFound' as const },
      'there is no EventReceiver oncal in namespace shop: did you mean oncall?',
    ],
    [
      { GET: 'forbidden' as const },
      'you may not get EventReceivers in namespace shop: ask for a RoleBinding to the ClusterRole view there',
    ],
    [
      { PATCH: 'forbidden' as const },
      'you may not patch EventReceivers in namespace shop: ask for a RoleBinding to the ClusterRole edit there',
    ],
    [
      { GET: 'notFound' as const },
      'the cluster does not know eventreceivers.eventroute.dev v1beta1: install Eventroute',
    ],
  ])('that %j refuses is an error with the remedy', async (refusals, message) => {
    fake.refusals = refusals;
    const name = message.includes('oncal ') ? 'oncal' : 'oncall';
    fake.refusals = Object.fromEntries(
      Object.entries(refusals).map(([what, why]) => [what.replace(path, path.replace('oncall', name)), why]),
    );
    const asking = createReceiverRequester(fake, { ...key, name }, clock);

    await expect(settled(testReceiver(asking, test30s))).rejects.toThrow(message);
    expect(fake.asked).toBeUndefined();
  });
});

describe('replay', () => {
  it('asks from a time on, and is back once the operator has begun', async () => {
    fake.answers = [{ state: 'Running', message: '0 of 0 delivered, goes on reading' }];
    const asked = replayReceiver(requester(), {
      since: readSince('30m'),
      timeoutMs: 1_000,
      isWaiting: false,
      onProgress: () => undefined,
    });

    expect(await settled(asked)).toMatchObject({ state: 'Running' });
    expect(fake.asked).toEqual({
      name: 'replay',
      value: '2026-01-01T00:00:00.000Z since=2025-12-31T23:30:00.000Z',
    });
  });

  it('waits for the end however long it takes, and tells how far it is', async () => {
    const steps = Array.from({ length: 500 }, (_, index) => ({
      state: 'Running' as const,
      message: `${Math.floor(index / 250)} delivered`,
    }));
    fake.answers = [...steps, { state: 'Done', message: '2 of 2 delivered' }];
    const told: (string | undefined)[] = [];
    const asked = replayReceiver(requester(), {
      since: readSince('2025-12-31T10:00:00Z'),
      timeoutMs: 1_000,
      isWaiting: true,
      onProgress: ({ message }) => told.push(message),
    });

    expect(await settled(asked)).toMatchObject({ state: 'Done', message: '2 of 2 delivered' });
    expect(told).toEqual(['0 delivered', '1 delivered']);
  });

  it.each(['yesterday', '2026-01-31', '10 minutes'])('refuses --since %s', (written) => {
    expect(() => readSince(written)).toThrow(
      `--since must be a duration such as 30m or a time such as 2026-01-31T12:00:00Z, not ${written}`,
    );
  });
});

describe('dead letters', () => {
  const letter = {
    key: 'uid-3',
    event: 'shop/web.1',
    involvedObject: 'Pod shop/web',
    reason: 'Rejected',
    message: '400 from hooks.example.com\u001b[2J',
    attempts: 1,
    firstTime: '2026-01-31T12:00:00Z',
    lastTime: '2026-01-31T12:00:00Z',
  };
  const receiver = listed('shop/oncall', {
    status: { ...ready('True'), deadLetters: [letter], deadLettersHeld: 7 },
  }) as unknown as ReadReceiver;
  const now = new Date('2026-01-31T12:01:00Z');

  it('are listed as a table that no text can rewrite, and as data', () => {
    expect(formatDeadLetters([receiver], now)).toBe(
      `RECEIVER      KEY     AGE   ATTEMPTS   OBJECT         EVENT        REASON     MESSAGE
shop/oncall   uid-3   1m    1          Pod shop/web   shop/web.1   Rejected   400 from hooks.example.com\\u001b[2J`,
    );
    expect(deadLetterRecords([receiver])).toEqual([{ receiver: 'shop/oncall', ...letter }]);
    expect(unlisted([receiver])).toEqual(['Shown are the latest 1 of 7 dead letters of shop/oncall']);
  });

  it('are retried by key, or all', async () => {
    fake.answers = [{ state: 'Done', message: '1 of 1 delivered' }];
    const request = 'retry-dead-letters' as const;
    await settled(askForLetters(requester(), { request, keys: ['uid-3', 'uid-4'], timeoutMs: 1_000 }));
    expect(fake.asked).toEqual({ name: request, value: '2026-01-01T00:00:00.000Z uid-3 uid-4' });

    fake = new FakeCluster();
    fake.answers = [{ state: 'Failed', message: '0 of 1 delivered' }];
    const answer = settled(askForLetters(requester(), { request, keys: [], timeoutMs: 1_000 }));
    expect(await answer).toMatchObject({ state: 'Failed' });
  });

  it('of more keys than an annotation may hold are refused', async () => {
    const keys = Array.from({ length: 500 }, (_, index) => `7c3f0e4e-0d5c-4c43-8a53-6d2b1d1f6a11-${index}`);
    const asked = askForLetters(requester(), { request: 'drop-dead-letters', keys, timeoutMs: 1_000 });

    await expect(settled(asked)).rejects.toThrow('it is longer than 8192 characters');
  });
});

describe('the receiver of a command', () => {
  it.each([
    ['oncall', undefined, 'shop/oncall'],
    ['oncall', 'bank', 'bank/oncall'],
    ['bank/oncall', undefined, 'bank/oncall'],
    ['bank/oncall', 'bank', 'bank/oncall'],
  ])('%s with -n %s is %s', (written, flag, expected) => {
    const { namespace, name } = receiverKey(written, flag, 'shop');
    expect(`${namespace}/${name}`).toBe(expected);
  });

  it.each([
    ['a/b/c', undefined, 'RECEIVER must be NAME or NAMESPACE/NAME, not a/b/c'],
    ['/b', undefined, 'RECEIVER must be NAME or NAMESPACE/NAME, not /b'],
    ['', undefined, 'RECEIVER must be NAME or NAMESPACE/NAME, not '],
    [
      'bank/oncall',
      'shop',
      'RECEIVER bank/oncall is not in namespace shop: leave out -n, or the part before /',
    ],
  ])('%s with -n %s is refused', (written, flag, message) => {
    expect(() => receiverKey(written, flag, 'shop')).toThrow(message);
  });
});

describe('as a process', () => {
  it('deadletters list prints those of a namespace, and says so on stderr when there are none', async () => {
    const receivers = [cluster.oncall, cluster.spare];
    await using server = await startApiServer({ [listPath('eventreceivers', 'shop')]: listOf(receivers) });
    const flags = ['--kubeconfig', server.kubeconfig];

    const text = await eventroute(['deadletters', 'list', ...flags]);
    expect(text).toMatchObject({ code: 0, out: '', err: 'There are no dead letters\n' });
    const json = await eventroute(['deadletters', 'list', '-o', 'json', ...flags]);
    expect(json).toMatchObject({ code: 0, out: '[]\n', err: '' });
  }, 60_000);

  it('send-test ends with 1 when the receiver is not there', async () => {
    await using server = await startApiServer({
      [listPath('eventreceivers', 'shop')]: listOf([cluster.oncall]),
    });
    const { code, out, err } = await eventroute(['send-test', 'onacll', '--kubeconfig', server.kubeconfig]);

    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toBe(
      'eventroute: there is no EventReceiver onacll in namespace shop: did you mean oncall?\n',
    );
  }, 60_000);

  it.each([
    [['replay', 'oncall'], /required option '--since <since>' not specified/],
    [['deadletters', 'list', 'oncall', '-A'], /takes -A, or a receiver or -n, not both/],
    [['send-test', 'oncall', '--timeout', 'soon'], /--timeout must be a duration such as 30s/],
  ])(
    '%j ends with 2',
    async (args, message) => {
      const { code, err } = await eventroute(args);

      expect(code).toBe(2);
      expect(err).toMatch(message);
    },
    60_000,
  );
});

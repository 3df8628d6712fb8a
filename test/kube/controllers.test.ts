import { createApiClient, type KubeClient } from '../../operator/kube/api-client.ts';
import {
  type ControlledResource,
  type Controllers,
  startControllers,
} from '../../operator/kube/controllers.ts';
import { HardenedOperator, withoutKubeconfig } from '../../operator/kube/hardened-operator.ts';
import { type KubeObject } from '../../operator/kube/kube-object.ts';
import { type FaultServer, faults, startFaultServer } from './fault-server.ts';
import { createRecordingLog, type RecordingLog } from './recording-log.ts';
import { until } from './until.ts';

const resource = { group: 'eventroute.dev', version: 'v1beta1', plural: 'eventroutes' };
const path = '/apis/eventroute.dev/v1beta1/eventroutes';

describe('the controllers', () => {
  let server: FaultServer;
  let client: KubeClient;
  let log: RecordingLog;
  let seen: string[];
  const running: Controllers[] = [];
  const exit = jest.spyOn(process, 'exit').mockImplementation(() => undefined as never);

  beforeEach(async () => {
    server = await startFaultServer();
    log = createRecordingLog();
    seen = [];
    client = createApiClient({ credentials: server.credentials, log, backoff: { initialMs: 1, maxMs: 5 } });
  });

  afterEach(async () => {
    await Promise.all(running.splice(0).map((controllers) => controllers.stop()));
    client.close();
    await server.stop();
    expect(exit).not.toHaveBeenCalled();
  });

  const start = (handlers: Partial<ControlledResource> = {}): Controllers => {
    const controllers = startControllers({
      client,
      log,
      backoff: { initialMs: 1, maxMs: 10 },
      retry: { initialMs: 1, maxMs: 10 },
      patienceMs: 50,
      resources: [
        {
          ...resource,
          onChange: ({ metadata }) => {
            seen.push(`change ${metadata.namespace}/${metadata.name}`);
            return Promise.resolve();
          },
          onDelete: ({ namespace, name }) => {
            seen.push(`delete ${namespace}/${name}`);
            return Promise.resolve();
          },
          ...handlers,
        },
      ],
    });
    running.push(controllers);
    return controllers;
  };

  const put = (name: string, fields: object = {}, generation?: number): void => {
    server.put(path, {
      apiVersion: 'eventroute.dev/v1beta1',
      kind: 'EventRoute',
      metadata: { name, namespace: 'a', ...(generation && { generation }) },
      ...fields,
    });
  };

  it('hand over the first objects, say that they are synced, then hand over changes and deletions', async () => {
    put('one');
    put('two');
    const onSynced = jest.fn(() => seen.push('synced'));
    const controllers = start({ onSynced });
    await controllers.synced;
    put('one', { spec: {} });
    server.remove(path, 'two');
    await until(() => seen.length === 5);

    expect(seen.slice(0, 3)).toEqual(['change a/one', 'change a/two', 'synced']);
    expect(seen.slice(3).sort()).toEqual(['change a/one', 'delete a/two']);
    expect(onSynced).toHaveBeenCalledTimes(1);
    expect(controllers.states()).toMatchObject({
      'eventroutes.eventroute.dev/v1beta1': { state: 'watching' },
    });
  });

  it('survive a clean end, a cut, HTTP 500, 410s and a BOOKMARK, and never end the process', async () => {
    start();
    const survive = async (name: string, fault: () => void): Promise<void> => {
      await until(() => server.openWatches() === 1, `a watch before ${name}`);
      fault();
      put(name);
      await until(() => seen.includes(`change a/${name}`), name);
    };
    await survive('clean-end', () => server.endWatches());
    await until(() => server.openWatches() === 1);
    await survive('cut', () => server.cutWatches());
    await survive('http-500', () => {
      server.failNext('watch', faults.status(500), 3);
      server.cutWatches();
    });
    await survive('gone-as-status', () => {
      server.failNext('watch', faults.status(410, {}, 'Expired'));
      server.cutWatches();
    });
    await survive('gone-in-stream', () => {
      server.failNext('watch', faults.errorLine(410, 'Expired'));
      server.cutWatches();
    });
    await survive('bookmark', () => {
      const object = { kind: 'EventRoute', metadata: { resourceVersion: String(server.version()) } };
      server.writeRaw(`${JSON.stringify({ type: 'BOOKMARK', object })}\n`);
    });

    expect(seen).toHaveLength(6);
  });

  it('notice what was deleted, changed or made again while they were not connected', async () => {
    put('stays');
    put('changes');
    put('goes');
    const controllers = start();
    await controllers.synced;
    await until(() => server.openWatches() === 1);
    server.failNext('watch', faults.status(500));
    server.cutWatches();
    server.remove(path, 'goes');
    put('changes', { spec: {} });
    server.compact();
    await until(() => seen.length >= 5 && server.openWatches() === 1);

    expect(seen.slice(3).sort()).toEqual(['change a/changes', 'delete a/goes']);
  });

  it('call a handler that fails again, with the newest object', async () => {
    const specs: unknown[] = [];
    let failures = 3;
    start({
      onChange(object) {
        specs.push((object as KubeObject & { spec: unknown }).spec);
        if (failures-- === 3) put('one', { spec: 'new' }, 2);
        return failures >= 0 ? Promise.reject(new Error('not ready')) : Promise.resolve();
      },
    });
    put('one', { spec: 'old' }, 1);
    await until(() => specs.length >= 4);

    expect(specs[0]).toBe('old');
    expect(specs.at(-1)).toBe('new');
    expect(log.messages('warn')).toContain('Failed to handle an object; trying again');
  });

  it('handle one object one call at a time, and no object waits for another that hangs', async () => {
    const gate = Promise.withResolvers<undefined>();
    let together = 0;
    let most = 0;
    for (let index = 0; index < 30; index += 1) put(`hangs-${index}`);
    put('quick');
    const controllers = start({
      async onChange({ metadata }) {
        if (metadata.name === 'quick') {
          seen.push('quick');
          return;
        }
        if (metadata.name === 'hangs-0') most = Math.max(most, (together += 1));
        await gate.promise;
        if (metadata.name === 'hangs-0') together -= 1;
      },
    });
    await controllers.synced;
    put('hangs-0', { spec: {} });
    await until(() => seen.includes('quick'));
    gate.resolve(undefined);
    await until(() => together === 0);

    expect(most).toBe(1);
  });

  it('are synced although a handler fails', async () => {
    put('bad');
    const controllers = start({ onChange: () => Promise.reject(new Error('bad spec')) });
    await controllers.synced;
    expect(log.messages('warn')).toContain('Failed to handle an object; trying again');
  });

  it('say to apply the CRDs when they are missing, and go on when they come', async () => {
    server.failNext('list', faults.status(404, {}, 'NotFound'), 2);
    put('one');
    const controllers = start();
    await controllers.synced;

    expect(log.messages('warn')[0]).toBe(
      'The API server does not know eventroutes.eventroute.dev in version v1beta1: ' +
        'apply the CRDs, kubectl apply -f crds/',
    );
    expect(seen).toEqual(['change a/one']);
  });

  it('call no handler after they were stopped', async () => {
    const controllers = start();
    await until(() => server.openWatches() === 1);
    await controllers.stop();
    put('late');
    await until(() => server.openWatches() === 0);
    expect(seen).toEqual([]);
  });
});

describe("dot-i's operator, hardened", () => {
  let server: FaultServer;
  let client: KubeClient;
  let operator: Probe;

  class Probe extends HardenedOperator {
    readonly events: string[] = [];
    failure: unknown;

    protected override async init(): Promise<void> {
      const { group, version, plural } = resource;
      await this.watchResource(group, version, plural, async (event) => {
        const finished = await this.handleResourceFinalizer(event, 'eventroute.dev/test', () => {
          this.events.push('clean up');
          return Promise.resolve();
        });
        if (finished) return;
        this.events.push(`${event.type} ${event.meta.id}`);
        if (event.object.metadata?.name === undefined) return;
        try {
          await this.patchResourceStatus(event.meta, { ok: true });
        } catch (thrown) {
          this.failure = thrown;
        }
      });
    }

    uri(namespace?: string): string {
      return this.getCustomResourceApiUri(resource.group, resource.version, resource.plural, namespace);
    }
  }

  beforeEach(async () => {
    server = await startFaultServer();
    const log = createRecordingLog();
    client = createApiClient({ credentials: server.credentials, log });
    operator = withoutKubeconfig(() => new Probe({ client, log, retry: { initialMs: 1, maxMs: 5 } }));
  });

  afterEach(async () => {
    await operator.end();
    client.close();
    await server.stop();
  });

  const collection = `${path.replace('eventroutes', '')}namespaces/a/eventroutes`;
  const object = {
    apiVersion: 'eventroute.dev/v1beta1',
    kind: 'EventRoute',
    metadata: { name: 'one', namespace: 'a' },
  };

  it('names the URI of a resource at the API server', () => {
    expect(operator.uri()).toBe(server.url + path);
    expect(operator.uri('a')).toBe(server.url + collection);
  });

  it('adds finalizers and writes status through the API server', async () => {
    const stored = server.put(collection, object);
    server.put(path, stored);
    await operator.start();
    await until(() => server.requests.some(({ method }) => method === 'PATCH'));

    const patch = server.requests.find(({ method }) => method === 'PATCH');
    expect(patch?.path).toBe(`${collection}/one`);
    expect(JSON.parse(patch?.body ?? '')).toMatchObject({
      metadata: { finalizers: ['eventroute.dev/test'] },
    });
  });

  it('throws when a status cannot be written', async () => {
    const metadata = { ...object.metadata, finalizers: ['eventroute.dev/test'] };
    server.put(path, { ...object, metadata });
    await operator.start();
    await until(() => operator.failure !== undefined);
    expect(operator.failure).toMatchObject({ name: 'KubeError', status: 404 });
  });

  it('is constructed although the environment names a kubeconfig that does not exist', () => {
    const before = process.env['KUBECONFIG'];
    process.env['KUBECONFIG'] = '/nowhere/config';
    try {
      const log = createRecordingLog();
      expect(() => withoutKubeconfig(() => new Probe({ client, log }))).not.toThrow();
      expect(process.env['KUBECONFIG']).toBe('/nowhere/config');
    } finally {
      if (before === undefined) delete process.env['KUBECONFIG'];
      else process.env['KUBECONFIG'] = before;
    }
  });
});

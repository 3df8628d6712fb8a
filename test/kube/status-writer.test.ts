import { createApiClient, type KubeClient } from '../../operator/kube/api-client.ts';
import { getSecret } from '../../operator/kube/secrets.ts';
import { createStatusWriter, type StatusWriter } from '../../operator/kube/status-writer.ts';
import { type FaultServer, faults, startFaultServer } from './fault-server.ts';
import { createRecordingLog } from './recording-log.ts';

let server: FaultServer;
let client: KubeClient;

beforeEach(async () => {
  server = await startFaultServer();
  client = createApiClient({ credentials: server.credentials, log: createRecordingLog(), maxAttempts: 1 });
});

afterEach(async () => {
  client.close();
  await server.stop();
});

describe('the status writer', () => {
  const collection = '/apis/eventroute.dev/v1beta1/namespaces/a/eventroutes';
  let writer: StatusWriter;

  beforeEach(() => {
    writer = createStatusWriter({
      client,
      group: 'eventroute.dev',
      version: 'v1beta1',
      plural: 'eventroutes',
      kind: 'EventRoute',
    });
  });

  it('applies the whole status on the subresource, in its own name', async () => {
    const { metadata } = server.put(collection, { metadata: { name: 'one' } });
    const result = await writer.write({ namespace: 'a', name: 'one', uid: metadata.uid }, { matched: 3 });

    const [request] = server.requests;
    expect(result).toBe('written');
    expect(request).toMatchObject({ method: 'PATCH', path: `${collection}/one/status` });
    expect(Object.fromEntries(request!.query)).toEqual({ fieldManager: 'eventroute', force: 'true' });
    expect(request?.headers['content-type']).toBe('application/apply-patch+yaml');
    expect(JSON.parse(request!.body)).toEqual({
      apiVersion: 'eventroute.dev/v1beta1',
      kind: 'EventRoute',
      metadata: { name: 'one', namespace: 'a' },
      status: { matched: 3 },
    });
  });

  it('says that an object is gone', async () => {
    expect(await writer.write({ namespace: 'a', name: 'none' }, {})).toBe('gone');
  });

  it('says that an object is gone when another came after it', async () => {
    server.put(collection, { metadata: { name: 'one' } });
    expect(await writer.write({ namespace: 'a', name: 'one', uid: 'old' }, {})).toBe('gone');
  });

  it('throws when the status should be written again later', async () => {
    server.failNext('other', faults.status(500));
    await expect(writer.write({ namespace: 'a', name: 'one' }, {})).rejects.toMatchObject({
      failure: 'server',
    });
  });
});

describe('a Secret', () => {
  it('is read with its values decoded', async () => {
    const token = Buffer.from('s3cr\u00e9t').toString('base64');
    server.put('/api/v1/namespaces/a/secrets', { metadata: { name: 'slack' }, data: { token } });
    expect(await getSecret(client, 'a', 'slack')).toEqual({ token: 's3cr\u00e9t' });
    expect(server.requests).toHaveLength(1);
  });

  it('is undefined when there is none, and an error when that cannot be told', async () => {
    expect(await getSecret(client, 'a', 'none')).toBeUndefined();
    server.failNext('other', faults.status(403, {}, 'Forbidden'));
    await expect(getSecret(client, 'a', 'slack')).rejects.toMatchObject({ failure: 'forbidden' });
  });
});

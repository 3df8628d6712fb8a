import elasticsearch from '../../operator/sinks/elasticsearch.ts';
import { createAuthority, issue } from '../sink-kit/certificates.ts';
import { openWritten, thrownBy } from './contract.ts';
import { describeSearchSink } from './search-contract.ts';
import { startSearchServer } from './search-server.ts';
import { outgoing, sinkContext, sinkEvent } from './sink-event.ts';

const never = new AbortController().signal;
const open = (written: Record<string, unknown>, context = sinkContext()) =>
  openWritten(elasticsearch, { written }, context);

describeSearchSink('Elasticsearch', elasticsearch);

describe('Elasticsearch', () => {
  it.each([
    ['encoded', 'VnVhQ2ZHY0JDZGJrUW0tZTVhT3g6dWkybHA=', 'ApiKey VnVhQ2ZHY0JDZGJrUW0tZTVhT3g6dWkybHA='],
    ['as id and key', 'id:key', `ApiKey ${Buffer.from('id:key').toString('base64')}`],
  ])('takes an API key %s', async (...[, apiKey, expected]) => {
    await using server = await startSearchServer();
    await using sink = await open({ hosts: [server.url], index: 'i', apiKey });

    await sink.send(outgoing(sink, [sinkEvent()]), never);

    expect(server.requests.at(-1)?.headers.authorization).toBe(expected);
  });

  it('uses the API key before a user, as the exporter did, and says so', async () => {
    const context = sinkContext();
    await using server = await startSearchServer();
    const credentials = { apiKey: 'YWJj', username: 'u', password: 'pass-word' };
    await using sink = await open({ hosts: [server.url], index: 'i', ...credentials }, context);

    await sink.send(outgoing(sink, [sinkEvent()]), never);

    expect(server.requests.at(-1)?.headers.authorization).toBe('ApiKey YWJj');
    expect(context.warnings).toEqual([expect.stringContaining('apiKey')]);
  });

  it('speaks plain JSON, which every version takes, and sends no telemetry', async () => {
    await using server = await startSearchServer();
    await using sink = await open({ hosts: [server.url], index: 'i' });

    await sink.check?.(never);
    await sink.send(outgoing(sink, [sinkEvent()]), never);

    for (const { headers } of server.requests) {
      expect(headers.accept).toBe('application/json');
      expect(headers['content-type'] ?? '').not.toContain('compatible-with');
      expect(headers).not.toHaveProperty('x-elastic-client-meta');
      expect(headers).not.toHaveProperty('accept-encoding');
    }
  });

  it('asks once what the server is before it sends anything', async () => {
    await using server = await startSearchServer();
    await using sink = await open({ hosts: [server.url], index: 'i' });

    await sink.send(outgoing(sink, [sinkEvent()]), never);
    await sink.send(outgoing(sink, [sinkEvent({ count: 4 })]), never);

    expect(server.requests.map(({ body }) => body === '\n')).toEqual([true, false, false]);
  });

  it.each(['check', 'send'] as const)(
    'names the receiver for OpenSearch at %s, and sends it nothing',
    async (step) => {
      await using server = await startSearchServer({ product: 'OpenSearch' });
      await using sink = await open({ hosts: [server.url], index: 'i' });

      const error = await thrownBy(
        step === 'check' ? sink.check!(never) : sink.send(outgoing(sink, [sinkEvent()]), never),
      );

      expect(error.message).toBe(
        `${server.host} is OpenSearch 2.19.6, not Elasticsearch: use the receiver \`opensearch\` for it`,
      );
      expect(error.permanent).toBe(false);
      expect(server.documents).toHaveLength(0);
    },
  );

  it('takes a server whose header was taken off on the way', async () => {
    await using server = await startSearchServer({ product: 'OpenSearch' });
    server.intercept = (request, response) => {
      if (request.url !== '/') return false;
      response.writeHead(403).end();
      return true;
    };
    await using sink = await open({ hosts: [server.url], index: 'i' });

    await sink.send(outgoing(sink, [sinkEvent()]), never);

    expect(server.documents).toHaveLength(1);
  });

  it.each([
    [undefined, '_doc'],
    ['kube-event', 'kube-event'],
  ])('writes type %s into actions for version 6 as %s', async (type, expected) => {
    await using server = await startSearchServer({ product: 'Elasticsearch 6' });
    await using sink = await open({ hosts: [server.url], index: 'i', ...(type !== undefined && { type }) });

    await sink.send(outgoing(sink, [sinkEvent()]), never);

    expect(server.documents[0]?.type).toBe(expected);
  });

  it('leaves type away for later versions and says so', async () => {
    const context = sinkContext();
    await using server = await startSearchServer();
    await using sink = await open({ hosts: [server.url], index: 'i', type: '_doc' }, context);

    await sink.check?.(never);
    await sink.send(outgoing(sink, [sinkEvent()]), never);

    expect(server.documents[0]?.type).toBeUndefined();
    expect(context.warnings).toEqual([expect.stringContaining('type _doc is not used')]);
  });

  it('finds out that the user may not write', async () => {
    await using server = await startSearchServer();
    server.intercept = (request, response) => {
      if (!request.url.includes('_has_privileges')) return false;
      const asked = JSON.parse(request.body) as { index: [{ names: [string]; privileges: [string] }] };
      expect(asked.index).toEqual([{ names: ['kube-events'], privileges: ['create_doc'] }]);
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end('{"username":"robot","has_all_requested":false}');
      return true;
    };
    await using sink = await open({ hosts: [server.url], index: 'kube-events' });

    expect(await thrownBy(sink.check!(never))).toMatchObject({
      reason: 'Forbidden',
      message: expect.stringMatching(
        /does not let robot write to kube-events: give it the privileges create_doc/,
      ) as string,
    });
  });

  it('shows its certificate where the server wants one', async () => {
    const authority = await createAuthority('Authority');
    const client = await issue(authority, []);
    const tls = { ...(await issue(authority, ['127.0.0.1'])), ca: authority.cert, requestCert: true };
    await using server = await startSearchServer({ tls });
    const fields = { hosts: [server.url], index: 'i' };
    await using sink = await open({
      ...fields,
      tls: { ca: authority.cert, cert: client.cert, key: client.key },
    });
    await using stranger = await open(fields);

    await sink.send(outgoing(sink, [sinkEvent()]), never);
    const error = await thrownBy(stranger.check!(never));

    expect(server.documents).toHaveLength(1);
    expect(error.reason).toBe('TLSFailed');
  });

  const cloudID = (text: string): string => `logs:${Buffer.from(text).toString('base64')}`;

  it('finds a deployment by its Cloud ID', async () => {
    await using sink = await open({
      cloudID: cloudID('cloud.example.com$abc$def'),
      index: 'i',
      apiKey: 'YWJj',
    });

    expect(sink.endpoint).toBe('abc.cloud.example.com');
  });

  it.each([
    [{ cloudID: 'nonsense' }, /cloudID is no Cloud ID: Cloud ID must be in the format/],
    [{ cloudID: cloudID('one') }, /at least two/],
    [{ cloudID: cloudID('a$b'), hosts: ['http://s'] }, /both `hosts` and `cloudID`/],
    [{ hosts: ['http://s'], apiKey: 'k', bearer: { token: 't' } }, /both `bearer` and `apiKey`/],
  ])('does not open with %j', async (fields, message) => {
    const error = await thrownBy(open({ index: 'i', ...fields }));

    expect(error).toMatchObject({ permanent: true, reason: 'InvalidConfig' });
    expect(error.message).toMatch(message);
  });
});

import opensearch from '../../operator/sinks/opensearch.ts';
import { createRequestSigner } from '../../operator/sinks/opensearch-signer.ts';
import { createNodeRing } from '../../operator/sinks/opensearch-ring.ts';
import { awsServiceOf } from '../../operator/sinks/opensearch-aws.ts';
import { openWritten, thrownBy } from './contract.ts';
import { describeSearchSink } from './search-contract.ts';
import { type SearchServer, startSearchServer } from './search-server.ts';
import { verifySignature } from './signature.ts';
import { outgoing, sinkContext, sinkEvent } from './sink-event.ts';

const never = new AbortController().signal;
const open = (written: Record<string, unknown>, context = sinkContext()) =>
  openWritten(opensearch, { written }, context);
const startServer = (): Promise<SearchServer> => startSearchServer({ product: 'OpenSearch' });

describeSearchSink('OpenSearch', opensearch);

describe('OpenSearch', () => {
  it('leaves type away and says so', async () => {
    const context = sinkContext();
    await using server = await startServer();
    await using sink = await open({ hosts: [server.url], index: 'i', type: '_doc' }, context);

    await sink.send(outgoing(sink, [sinkEvent()]), never);

    expect(server.documents[0]?.type).toBeUndefined();
    expect(context.warnings).toEqual(['type _doc is not used: OpenSearch has no mapping types']);
  });

  it('explains the collections that take no ids', async () => {
    await using server = await startServer();
    server.refuse = () => ({
      status: 400,
      error: {
        type: 'illegal_argument_exception',
        reason: 'Document ID is not supported in create/index operation request',
      },
    });
    await using sink = await open({ hosts: [server.url], index: 'i' });

    const error = await thrownBy(sink.send(outgoing(sink, [sinkEvent()]), never));

    expect(error.message).toContain('set `documentID: Generated`');
    expect(error.permanent).toBe(false);
  });
});

describe('OpenSearch on AWS', () => {
  const keys = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' };

  it.each([
    ['None', {}],
    ['Gzip', { compression: 'Gzip', headers: { 'X-Opaque-Id': 'a  b' } }],
  ])('signs every request (compression %s)', async (_, fields) => {
    await using server = await startServer();
    const aws = { region: 'eu-central-1', ...keys };
    await using sink = await open({ hosts: [server.url], index: 'i', aws, ...fields });

    await sink.check?.(never);
    await sink.send(outgoing(sink, [sinkEvent({ message: 'x'.repeat(3_000) })]), never);

    expect(server.documents).toHaveLength(1);
    expect(server.requests.length).toBeGreaterThan(3);
    for (const request of server.requests) {
      expect(verifySignature(request, keys.secretAccessKey)).toEqual({
        accessKeyId: keys.accessKeyId,
        region: 'eu-central-1',
        service: 'es',
      });
    }
  });

  it('sends the token of temporary keys, and what serverless collections know', async () => {
    await using server = await startServer();
    const aws = { service: 'aoss', region: 'us-east-1', ...keys, sessionToken: 'the-t0ken' };
    await using sink = await open({ hosts: [server.url], index: 'i', aws });

    await sink.check?.(never);
    await sink.send(outgoing(sink, [sinkEvent()]), never);

    for (const request of server.requests) {
      expect(verifySignature(request, keys.secretAccessKey)?.service).toBe('aoss');
      expect(request.headers['x-amz-security-token']).toBe('the-t0ken');
      expect(request.url).not.toContain('filter_path');
    }
  });

  it('keeps temporary credentials until shortly before they expire, and asks again after a failure', async () => {
    let now = Date.parse('2026-03-01T00:00:00Z');
    let asked = 0;
    const provide = () => {
      asked += 1;
      if (asked === 1) return Promise.reject(new Error('away'));
      return Promise.resolve({ ...keys, expiration: new Date(now + 3_600_000) });
    };
    const credentials = { provide, close: () => Promise.resolve() };
    const signer = createRequestSigner(credentials, { region: 'r-1', service: 'es', now: () => now });
    const request = { method: 'GET', url: new URL('https://s/'), headers: {}, body: '' };

    await expect(signer.sign(request)).rejects.toThrow('away');
    await Promise.all([signer.sign(request), signer.sign(request)]);
    now += 3_200_000;
    await signer.sign(request);
    now += 200_000;
    const headers = await signer.sign(request);

    expect(asked).toBe(3);
    expect(headers['x-amz-date']).toBe('20260301T005640Z');
  });

  it.each([
    ['https://search-x.eu-west-1.es.amazonaws.com', {}, 'es'],
    ['https://abc.us-east-1.aoss.amazonaws.com', {}, 'aoss'],
    ['https://abc.us-east-1.aoss.amazonaws.com', { service: 'es' }, 'es'],
    ['https://search.example.com', {}, 'es'],
  ] as const)('reads the service out of %s', (host, block, expected) => {
    expect(awsServiceOf(new URL(host), block)).toBe(expected);
  });

  it.each<[string, object, RegExp]>([
    ['half of a key', { aws: { region: 'r-1', accessKeyId: 'A' } }, /without `secretAccessKey`/],
    ['two identities', { aws: { region: 'r-1', ...keys }, username: 'u' }, /sets `aws` beside a user/],
    ['a region that is none', { aws: { region: 'Frankfurt', ...keys } }, /is no AWS region/],
  ])('does not open with %s', async (...[, fields, message]) => {
    const error = await thrownBy(open({ hosts: ['https://search.example.com'], index: 'i', ...fields }));

    expect(error).toMatchObject({ permanent: true, reason: 'InvalidConfig' });
    expect(error.message).toMatch(message);
  });

  it("keeps the operator's own identity for the root namespace", async () => {
    const context = sinkContext({ isAddressAllowed: () => true });
    const written = { hosts: ['https://search.example.com'], index: 'i', aws: { region: 'r-1' } };

    const error = await thrownBy(open(written, context));

    expect(error.message).toMatch(
      /only receivers of the root namespace may use the operator's own AWS identity/,
    );
  });
});

describe('the ring of nodes', () => {
  it('begins at the next node each time, and tries those that failed last for half a minute', () => {
    let now = 0;
    const [a, b, c] = ['a', 'b', 'c'].map((name) => new URL(`http://${name}`)) as [URL, URL, URL];
    const ring = createNodeRing([a, b, c], () => now);
    const order = () =>
      ring
        .order()
        .map(({ hostname }) => hostname)
        .join('');

    expect([order(), order(), order(), order()]).toEqual(['abc', 'bca', 'cab', 'abc']);
    ring.fail(c);
    expect([order(), order(), order()]).toEqual(['bac', 'abc', 'abc']);
    now = 30_000;
    expect(order()).toBe('bca');
    ring.fail(b);
    ring.recover(b);
    expect(order()).toBe('cab');
  });
});

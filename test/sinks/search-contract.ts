import type { TObject } from '@sinclair/typebox';

import { DeliveryError, type SinkContext, type SinkDefinition } from '../../operator/sink-kit/index.ts';
import { type SearchDocument } from '../../operator/sinks/search-document.ts';
import { type SeenRequest } from '../sink-kit/http-server.ts';
import { describeHttpContract, openWritten, thrownBy, type HttpContractPeer } from './contract.ts';
import { type ItemAnswer, type SearchServer, startSearchServer } from './search-server.ts';
import { numberedEvent, outgoing, sinkContext, sinkEvent } from './sink-event.ts';

const never = new AbortController().signal;

type Product = 'Elasticsearch' | 'OpenSearch';

const startServer = (product: Product, streams: readonly string[] = []): Promise<SearchServer> =>
  startSearchServer({ product, streams });

function startPeer(product: Product): () => Promise<HttpContractPeer> {
  return async () => {
    const server = await startServer(product);
    let answer: ((request: SeenRequest) => [number, Readonly<Record<string, string>>, string]) | undefined;
    let isHanging = false;
    server.intercept = (request, response) => {
      if (isHanging) return true;
      // what asks the cluster for nothing is answered as ever, so that the bulk request itself meets the status
      if (answer === undefined || request.body === '\n') return false;
      const [status, headers, body] = answer(request);
      response.writeHead(status, headers).end(status === 204 || status === 205 ? undefined : body);
      return true;
    };
    return {
      written: {
        hosts: [server.url],
        index: 'kube-events',
        username: 'eventroute',
        passwordSecretRef: { name: 'search', key: 'password' },
        headersSecretRef: { name: 'headers' },
      },
      secrets: {
        search: { password: 'pa55+w0rd/of~search' },
        headers: { 'X-Api-Key': 'k3y-of-the-search' },
      },
      taken: () => server.documents.length,
      hang: () => (isHanging = true),
      failAndEcho: () => {
        answer = ({ url, headers, body }) => [500, {}, JSON.stringify([url, headers, body])];
      },
      connections: () => server.sockets.size,
      answerWith: (status, headers = {}) => {
        const items = JSON.stringify({ errors: false, items: [{ create: { status: 201 } }] });
        answer = () => [
          status,
          { 'content-type': 'application/json', ...headers },
          status < 300 ? items : '',
        ];
      },
      [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
    };
  };
}

/** Refusals of a whole bulk request say nothing about its events. */
const differently = Object.fromEntries([
  ...[204, 205].map((status) => [status, 'retry']),
  ...[300, 301, 302, 303, 304, 305, 307, 308, 400, 402, 405, 406, 409, 411, 412, 414, 415, 416, 417, 418].map(
    (status) => [status, 'retry'],
  ),
  ...[421, 422, 423, 424, 426, 428, 431, 451, 501, 505].map((status) => [status, 'retry']),
]) as Record<number, 'retry'>;

/** What the sinks of both servers promise alike. */
export function describeSearchSink<Config extends TObject>(
  product: Product,
  definition: SinkDefinition<Config, SearchDocument>,
): void {
  const open = (written: Record<string, unknown>, context: Partial<SinkContext> = {}) =>
    openWritten(definition, { written }, sinkContext(context));

  describeHttpContract(product, {
    definition,
    start: startPeer(product),
    unrenderable: { layout: { count: '{{ .Series.Count }}' } },
    differently,
  });

  describe(`the documents of ${product}`, () => {
    it('are created by one bulk request, each by its own key', async () => {
      await using server = await startServer(product);
      await using sink = await open({ hosts: [server.url], index: 'kube-events' });
      const events = [numberedEvent(1), numberedEvent(2)];

      await sink.send(outgoing(sink, events), never);

      expect(server.bulks.map((actions) => actions.map(({ operation }) => operation))).toEqual([
        ['create', 'create'],
      ]);
      expect(server.documents.map(({ index, id }) => [index, id])).toEqual([
        ['kube-events', 'uid-1-3'],
        ['kube-events', 'uid-2-3'],
      ]);
      expect(server.documents[0]?.source).toEqual(JSON.parse(JSON.stringify(events[0]?.event.data)));
    });

    it('are stored once when they are sent again, and that is a success', async () => {
      await using server = await startServer(product);
      await using sink = await open({ hosts: [server.url], index: 'kube-events' });
      const batch = outgoing(sink, [numberedEvent(1), numberedEvent(2)]);
      await sink.send(batch.slice(0, 1), never);

      await sink.send(batch, never);

      expect(server.documents).toHaveLength(2);
    });

    it('are one for each occurrence of an Event', async () => {
      await using server = await startServer(product);
      await using sink = await open({ hosts: [server.url], index: 'kube-events' });

      await sink.send(outgoing(sink, [sinkEvent({ count: 3 }), sinkEvent({ count: 4 })]), never);

      expect(server.documents.map(({ id }) => id)).toEqual(['uid-1-3', 'uid-1-4']);
    });

    it.each([{ useEventID: true }, { documentID: 'Event' }, { documentID: 'Event', useEventID: true }])(
      'are one for each Event with %j, and keep the newest occurrence',
      async (fields) => {
        await using server = await startServer(product);
        await using sink = await open({ hosts: [server.url], index: 'kube-events', ...fields });
        const [third, fourth] = outgoing(sink, [sinkEvent({ count: 3 }), sinkEvent({ count: 4 })]);

        await sink.send([third!], never);
        await sink.send([fourth!], never);
        await sink.send([third!], never);

        expect(server.documents).toMatchObject([{ id: 'uid-1', version: 4, source: { count: 4 } }]);
      },
    );

    it('have no id of ours when the server is to make one', async () => {
      await using server = await startServer(product);
      await using sink = await open({ hosts: [server.url], index: 'i', documentID: 'Generated' });

      await sink.send(outgoing(sink, [sinkEvent()]), never);

      expect(server.bulks[0]?.[0]).toMatchObject({ operation: 'create', _index: 'i' });
      expect(server.bulks[0]?.[0]).not.toHaveProperty('_id');
    });

    it('take layout, deDot and pipeline', async () => {
      await using server = await startServer(product);
      await using sink = await open({
        hosts: [server.url],
        index: 'i',
        pipeline: 'events-{{ .Type | lower }}',
        deDot: true,
        layout: { text: '{{ .Message }}', labels: '{{ toJson .Labels }}' },
      });
      const metadata = { name: 'e', namespace: 'shop', uid: 'u', labels: { 'a.b': 'c' } };

      await sink.send(outgoing(sink, [sinkEvent({ metadata, message: 'ä "quoted"\nline' })]), never);

      expect(server.documents[0]).toMatchObject({
        pipeline: 'events-warning',
        source: { text: 'ä "quoted"\nline', labels: '{"a_b":"c"}' },
      });
    });

    it('travel compressed when told to', async () => {
      await using server = await startServer(product);
      await using sink = await open({ hosts: [server.url], index: 'i', compression: 'Gzip' });

      await sink.send(outgoing(sink, [numberedEvent(1, 'x'.repeat(5_000))]), never);

      expect(server.requests.at(-1)?.headers['content-encoding']).toBe('gzip');
      expect(server.documents[0]?.source.message).toBe('x'.repeat(5_000));
    });
  });

  describe(`the index of ${product}`, () => {
    it.each([
      [{ index: 'kube-{{ .InvolvedObject.Kind }}' }, 'kube-pod'],
      [{ indexFormat: 'kube-{2006-01-02}' }, 'kube-2026-03-01'],
      [{ indexFormat: '{06}w-{01}-x-{15.04}' }, '26w-03-x-10.20'],
      [{ indexFormat: '{{ .InvolvedObject.Namespace }}-{2006.01}-{Jan}' }, 'shop-2026.03-mar'],
      [{ index: 'plain', indexFormat: 'dated-{2006}' }, 'dated-2026'],
      [{ index: 'plain', indexFormat: '' }, 'plain'],
      [{ index: 'literal-{2006}' }, 'literal-{2006}'],
    ])('is by %j of the event %s', async (fields, expected) => {
      await using server = await startServer(product);
      await using sink = await open({ hosts: [server.url], ...fields });

      await sink.send(outgoing(sink, [sinkEvent()]), never);

      expect(server.documents[0]?.index).toBe(expected);
    });

    it.each(['..', '../other', 'a b', '_all', '-x', 'a,b', 'a*', '', 'x'.repeat(256)])(
      'is never %j out of an event',
      async (message) => {
        await using sink = await open({ hosts: ['http://127.0.0.1:1'], index: '{{ .Message }}' });

        expect(() => sink.encode(sinkEvent({ message }))).toThrow(
          expect.objectContaining({ reason: 'RenderFailed', permanent: true }) as Error,
        );
      },
    );
  });

  describe(`data streams of ${product}`, () => {
    it('get @timestamp once they ask for it, and every event arrives', async () => {
      await using server = await startServer(product, ['stream']);
      await using sink = await open({ hosts: [server.url], index: 'stream' });
      const batch = outgoing(sink, [numberedEvent(1), numberedEvent(2)]);

      await sink.send(batch, never);
      await sink.send(outgoing(sink, [numberedEvent(3)]), never);

      expect(server.bulks).toHaveLength(3);
      expect(server.documents.map(({ source }) => source['@timestamp'])).toEqual(
        new Array(3).fill('2026-03-01T10:20:30.000Z'),
      );
      expect(Object.keys(server.documents[0]?.source ?? {}).slice(1)).toEqual(
        Object.keys(numberedEvent(1).event.data),
      );
    });

    it('get it at once with dataStream: true, and an own @timestamp of a layout stays', async () => {
      await using server = await startServer(product, ['stream']);
      await using plain = await open({ hosts: [server.url], index: 'stream', dataStream: true });
      const layout = { '@timestamp': '{{ .FirstTimestamp.Format "2006-01-02T15:04:05Z07:00" }}' };
      await using own = await open({ hosts: [server.url], index: 'stream', dataStream: true, layout });

      await plain.send(outgoing(plain, [numberedEvent(1)]), never);
      await own.send(outgoing(own, [numberedEvent(2)]), never);

      expect(server.bulks).toHaveLength(2);
      expect(server.documents.map(({ source }) => source['@timestamp'])).toEqual([
        '2026-03-01T10:20:30.000Z',
        '2026-03-01T10:00:00Z',
      ]);
    });

    it('never get it with dataStream: false', async () => {
      await using server = await startServer(product, ['stream']);
      await using sink = await open({ hosts: [server.url], index: 'stream', dataStream: false });

      const error = await thrownBy(sink.send(outgoing(sink, [sinkEvent()]), never));

      expect(error).toMatchObject({ reason: 'Rejected', permanent: true });
      expect(error.message).toContain('@timestamp');
    });

    it('take each occurrence where one document for each Event was wanted, and say so once', async () => {
      const context = sinkContext();
      await using server = await startServer(product, ['stream']);
      await using sink = await openWritten(
        definition,
        { written: { hosts: [server.url], index: 'stream', useEventID: true } },
        context,
      );

      await sink.send(outgoing(sink, [sinkEvent({ count: 3 }), sinkEvent({ count: 4 })]), never);

      expect(server.documents.map(({ id }) => id)).toEqual(['uid-1-3', 'uid-1-4']);
      expect(context.warnings.filter((text) => text.includes('is a data stream'))).toHaveLength(1);
    });
  });

  describe(`what ${product} refuses`, () => {
    const cases: [string, ItemAnswer, string, boolean, RegExp][] = [
      [
        'a full queue',
        fail(429, 'es_rejected_execution_exception'),
        'Throttled',
        false,
        /refused the document with 429/,
      ],
      [
        'a document',
        fail(400, 'document_parsing_exception'),
        'Rejected',
        true,
        /document_parsing_exception: because/,
      ],
      [
        'a document of old',
        fail(400, 'mapper_parsing_exception'),
        'Rejected',
        true,
        /mapper_parsing_exception/,
      ],
      ['a name', fail(400, 'invalid_index_name_exception'), 'Rejected', true, /index=kube-events/],
      ['a blocked index', fail(403, 'cluster_block_exception'), 'Forbidden', false, /lift the block/],
      ['a user', fail(403, 'security_exception'), 'Forbidden', false, /check what the credentials may do/],
      [
        'a missing index',
        fail(404, 'index_not_found_exception'),
        'TargetNotFound',
        false,
        /action\.auto_create_index/,
      ],
      ['a closed index', fail(400, 'index_closed_exception'), 'TargetNotFound', false, /open the index/],
      ['full shards', fail(400, 'validation_exception'), 'ServerError', false, /settings of the cluster/],
      ['a lost shard', fail(503, 'unavailable_shards_exception'), 'ServerError', false, /503/],
      ['a pipeline that refuses', fail(500, 'fail_processor_exception'), 'Rejected', true, /fail_processor/],
      ['another conflict', fail(409, 'resource_conflict'), 'ServerError', false, /409/],
      [
        'a missing pipeline',
        fail(400, 'illegal_argument_exception', 'pipeline with id [x] does not exist'),
        'TargetNotFound',
        false,
        /create the ingest pipeline/,
      ],
    ];

    it.each(cases)('%s is told of that event alone', async (...[, answer, reason, permanent, message]) => {
      await using server = await startServer(product);
      server.refuse = ({ source }) => (source.message === 'message 2' ? answer : undefined);
      await using sink = await open({ hosts: [server.url], index: 'kube-events' });
      const batch = outgoing(sink, [numberedEvent(1), numberedEvent(2), numberedEvent(3)]);

      const error = await thrownBy(sink.send(batch, never));

      expect(server.documents.map(({ source }) => source.message)).toEqual(['message 1', 'message 3']);
      expect(error.results).toHaveLength(3);
      expect(error.results?.[0]).toBeUndefined();
      expect(error.results?.[1]).toMatchObject({
        reason,
        permanent,
        message: expect.stringMatching(message) as string,
      });
      expect(error.results?.[2]).toBeUndefined();
    });

    it('a request that is too large is sent in smaller ones', async () => {
      await using server = await startServer(product);
      server.intercept = (request, response) => {
        if (request.rawBody.length < 3_000) return false;
        response.writeHead(413).end();
        return true;
      };
      await using sink = await open({ hosts: [server.url], index: 'kube-events' });
      const events = [1, 2, 3, 4].map((number) => numberedEvent(number));
      const batch = outgoing(sink, [...events, numberedEvent(5, 'x'.repeat(5_000))]);

      const error = await thrownBy(sink.send(batch, never));

      expect(server.documents).toHaveLength(4);
      expect(error.results?.map((result) => result?.reason)).toEqual([
        ...new Array<undefined>(4).fill(undefined),
        'PayloadTooLarge',
      ]);
      expect(error.results?.[4]?.permanent).toBe(true);
    });

    it('the whole for credentials that AWS or the server do not know', async () => {
      await using server = await startServer(product);
      await using sink = await open({ hosts: [server.url], index: 'kube-events' });
      server.intercept = (_, response) => {
        response.writeHead(403, { 'content-type': 'application/json' });
        response.end('{"message":"The security token included in the request is invalid."}');
        return true;
      };

      expect(await thrownBy(sink.send(outgoing(sink, [sinkEvent()]), never))).toMatchObject({
        reason: 'Unauthorized',
        permanent: false,
      });
    });

    it.each([
      ['{"errors":false,"items":[]}'],
      ['{"items":[{"create":{}}]}'],
      ['<html><title>Sign in</title></html>'],
    ])('nothing by the strange answer %s, so all is sent again', async (body) => {
      await using server = await startServer(product);
      await using sink = await open({ hosts: [server.url], index: 'kube-events' });
      server.intercept = (request, response) => {
        if (request.body === '\n') return false;
        response.writeHead(200, { 'content-type': 'application/json' }).end(body);
        return true;
      };

      const error = await thrownBy(sink.send(outgoing(sink, [sinkEvent()]), never));

      expect(error).toBeInstanceOf(DeliveryError);
      expect(error.permanent).toBe(false);
    });
  });

  describe(`the nodes of ${product}`, () => {
    it('take turns, and one that is away is passed over', async () => {
      await using first = await startServer(product);
      await using second = await startServer(product);
      const away = await startServer(product);
      await away[Symbol.asyncDispose]();
      const hosts = [away.url, first.url, second.url];
      await using sink = await open({ hosts, index: 'kube-events' });

      for (let number = 1; number <= 6; number += 1) {
        await sink.send(outgoing(sink, [numberedEvent(number)]), never);
      }

      expect(first.documents.length).toBeGreaterThan(1);
      expect(second.documents.length).toBeGreaterThan(1);
      expect(first.documents.length + second.documents.length).toBe(6);
    });

    it('stand in for one that is overloaded, and for no refusal', async () => {
      await using first = await startServer(product);
      await using second = await startServer(product);
      let status = 503;
      first.intercept = (_, response) => {
        response.writeHead(status, { 'x-elastic-product': 'Elasticsearch' }).end();
        return true;
      };
      await using sink = await open({ hosts: [first.url, second.url], index: 'kube-events' });
      await sink.send(outgoing(sink, [numberedEvent(1)]), never);
      status = 429;
      second.intercept = first.intercept;

      const error = await thrownBy(sink.send(outgoing(sink, [numberedEvent(2)]), never));

      expect(second.documents).toHaveLength(1);
      expect(error.reason).toBe('Throttled');
    });

    it('may have a path in front', async () => {
      await using server = await startServer(product);
      await using sink = await open({ hosts: [`${server.url}/search/`], index: 'kube-events' });

      await sink.send(outgoing(sink, [sinkEvent()]), never);

      expect(server.requests.at(-1)?.url).toMatch(/^\/search\/_bulk\?filter_path=/);
    });
  });

  describe(`the check of ${product}`, () => {
    it('finds nothing wrong and changes nothing', async () => {
      await using server = await startServer(product);
      await using sink = await open({ hosts: [server.url], index: 'kube-events' });

      await sink.check?.(never);

      expect(server.bulks).toHaveLength(0);
      expect(server.requests.map(({ method }) => method)).not.toContain('PUT');
    });

    it.each([
      ['-nope*,*', 'nope-1', false],
      ['-nope*,*', 'kube', true],
      ['+kube*,-*', 'kube-events', true],
      ['kube*events', 'kube-x-events', true],
      ['kube*events', 'kube-x', false],
      ['false', 'kube', false],
      ['true', 'kube', true],
    ])('judges by auto_create_index %j whether %s will be there', async (autoCreate, index, isFine) => {
      await using server = await startSearchServer({ product, autoCreate });
      await using sink = await open({ hosts: [server.url], index });

      const outcome = await sink.check!(never).then(
        () => undefined,
        (error: unknown) => error,
      );

      if (isFine) expect(outcome).toBeUndefined();
      else {
        expect(outcome).toMatchObject({ reason: 'TargetNotFound', permanent: false });
        expect((outcome as Error).message).toContain(`no index, alias or data stream ${index}`);
      }
    });

    it('asks for no more privileges than writing takes', async () => {
      await using server = await startServer(product);
      server.intercept = (request, response) => {
        if (request.url === '/_bulk') return false;
        response.writeHead(403, { 'content-type': 'application/json' });
        response.end('{"error":{"type":"security_exception","reason":"unauthorized"},"status":403}');
        return true;
      };
      await using sink = await open({ hosts: [server.url], index: 'kube-events' });

      await expect(sink.check!(never)).resolves.toBeUndefined();
    });

    it('tells wrong host, wrong certificate, wrong password and what is no such server apart', async () => {
      await using locked = await startSearchServer({ product, authorization: 'Basic right' });
      await using other = await startSearchServer({ product: 'none' });
      const told = async (host: string): Promise<string> => {
        await using sink = await open({ hosts: [host], index: 'i', username: 'u', password: 'wr0ng-pass' });
        return (await thrownBy(sink.check!(never))).message;
      };

      expect(await told('http://127.0.0.1:1')).toMatch(/refused the connection/);
      expect(await told(locked.url.replace('http:', 'https:'))).toMatch(/does not speak TLS/);
      expect(await told(locked.url)).toMatch(/401 Unauthorized: security_exception: .*check the credentials/);
      expect(await told(other.url)).toMatch(
        new RegExp(`answered 200 \\(.*Welcome.*\\), but not as ${product} does: check host, port and path`),
      );
    });
  });

  describe(`what ${product} is not opened with`, () => {
    const host = { hosts: ['https://search.example.com'] };

    it.each<[string, object, RegExp]>([
      ['no host', { index: 'i' }, /names no server/],
      ['a host that is no URL', { hosts: ['search:9200'], index: 'i' }, /hosts\[0\] is no URL/],
      ['a host with a query', { hosts: ['http://s/?a=b'], index: 'i' }, /query or a fragment/],
      ['two users in URLs', { hosts: ['http://a:b@s', 'http://c:d@t'], index: 'i' }, /more than one user/],
      ['no index', host, /names no index/],
      ['an index in capitals', { ...host, index: 'Kube' }, /capital letters/],
      ['an index of another form', { ...host, index: 'a/b' }, /holds a character/],
      ['an empty time', { ...host, indexFormat: '{}' }, /is empty/],
      [
        'two identities',
        { ...host, index: 'i', useEventID: true, documentID: 'Generated' },
        /keep one of them/,
      ],
      [
        'a renewed stream',
        { ...host, index: 'i', useEventID: true, dataStream: true },
        /data stream does not allow/,
      ],
      ['two credentials', { ...host, index: 'i', username: 'u', bearer: { token: 't' } }, /keep one of them/],
      [
        'a header that is none',
        { ...host, index: 'i', headers: { 'a b': 'c' } },
        /no name of an HTTP header/,
      ],
      ['a certificate that is none', { ...host, index: 'i', tls: { ca: 'x' } }, /no PEM certificate/],
    ])('%s', async (...[, written, message]) => {
      const error = await thrownBy(open(written as Record<string, unknown>));

      expect(error).toMatchObject({ permanent: true, reason: 'InvalidConfig' });
      expect(error.message).toMatch(message);
    });
  });

  describe(`the credentials of ${product}`, () => {
    const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`;

    it.each<[string, (host: string) => object, string]>([
      ['a user', (host) => ({ hosts: [`http://${host}`], username: 'u', password: 'päss' }), basic('u:päss')],
      ['user info', (host) => ({ hosts: [`http://u:p%40ss@${host}`] }), basic('u:p@ss')],
      ['a token', (host) => ({ hosts: [`http://${host}`], bearer: { token: 'tok' } }), 'Bearer tok'],
      ['a header', (host) => ({ hosts: [`http://${host}`], headers: { Authorization: 'Own x' } }), 'Own x'],
    ])('are taken from %s', async (...[, written, expected]) => {
      await using server = await startServer(product);
      await using sink = await open({ index: 'i', ...written(server.host) });

      await sink.send(outgoing(sink, [sinkEvent()]), never);

      expect(server.requests.map(({ headers }) => headers.authorization)).toEqual(
        server.requests.map(() => expected),
      );
      expect(sink.endpoint).toBe(server.host);
    });

    it('in URLs are never shown', async () => {
      await using server = await startServer(product);
      server.intercept = (request, response) => {
        response.writeHead(401).end(`who is ${String(request.headers.authorization)} hunter22?`);
        return true;
      };
      await using sink = await open({ index: 'i', hosts: [`http://robot:hunter22@${server.host}`] });

      const { message } = await thrownBy(sink.check!(never));

      expect(message).not.toContain('hunter22');
      expect(message).not.toContain(Buffer.from('robot:hunter22').toString('base64'));
    });

    it('leave form and encoding of requests to us', async () => {
      const context = sinkContext();
      await using server = await startServer(product);
      const headers = { 'Content-Type': 'text/plain', 'X-Opaque-Id': 'er' };
      const written = { hosts: [server.url], index: 'i', headers };
      await using sink = await openWritten(definition, { written }, context);

      await sink.send(outgoing(sink, [sinkEvent()]), never);

      expect(server.requests.at(-1)?.headers).toMatchObject({
        'content-type': 'application/x-ndjson',
        'x-opaque-id': 'er',
        'user-agent': 'eventroute',
      });
      expect(context.warnings).toEqual([expect.stringContaining('content-type')]);
    });
  });
}

function fail(status: number, type: string, reason = 'because'): ItemAnswer {
  return { status, error: { type, reason } };
}

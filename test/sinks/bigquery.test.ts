import { createAddressGuard, type SinkContext } from '../../operator/sink-kit/index.ts';
import bigquery from '../../operator/sinks/bigquery.ts';
import { createEventTable } from '../../operator/sinks/bigquery-table.ts';
import { type Column, eventColumns } from '../../operator/sinks/bigquery-column.ts';
import { createAuthority, issue, type Pair } from '../sink-kit/certificates.ts';
import {
  apiError,
  type BigQueryServer,
  type SeenColumn,
  type SeenRow,
  startBigQueryServer,
} from './bigquery-server.ts';
import { describeHttpContract, type HttpContractPeer, openWritten, thrownBy } from './contract.ts';
import { claimsOf, serviceAccountKey } from './google-key.ts';
import { noAbort, numberedEvent, outgoing, sinkContext, sinkEvent } from './sink-event.ts';

let authority: Pair;
let certificate: Pair;

beforeAll(async () => {
  authority = await createAuthority('Google of the test');
  certificate = await issue(authority, ['localhost', '127.0.0.1']);
});

/** A server by TLS, with what a user writes to reach it. */
async function startSecure(): Promise<BigQueryServer & { written: Record<string, unknown> }> {
  const fake = await startBigQueryServer(certificate);
  const written = {
    projectId: 'p1',
    dataset: 'kubernetes',
    table: 'events',
    credentials: serviceAccountKey(),
    endpoint: fake.server.url,
    tls: { ca: authority.cert },
  };
  return Object.assign(fake, { written });
}

/** The table that a fresh sink makes, so that only insertAll is asked of it. */
function withTable(fake: BigQueryServer): void {
  fake.datasets.set('kubernetes', {});
  fake.tables.set('kubernetes/events', { schema: { fields: eventColumns } });
}

describeHttpContract('bigquery', {
  definition: bigquery,
  // BigQuery never answers without a body.
  differently: { 204: 'retry', 205: 'retry' },
  start: async (): Promise<HttpContractPeer> => {
    const fake = await startSecure();
    withTable(fake);
    const { credentials, ...written } = fake.written;
    const isInsert = ({ path }: { path: string }) => path.endsWith('/insertAll');
    return {
      written: { ...written, credentialsSecretRef: { name: 'google', key: 'key.json' } },
      secrets: { google: { 'key.json': credentials as string } },
      taken: () => fake.rows.length,
      hang: () => (fake.judge = () => 'Hang'),
      failAndEcho: () =>
        (fake.judge = (call) => ({
          status: 500,
          body: `${call.authorization ?? ''} ${JSON.stringify(call)} ${credentials as string}`,
        })),
      connections: () => fake.server.sockets.size,
      answerWith: (status, headers = {}) =>
        (fake.judge = (call) => {
          if (!isInsert(call) || status === 200) return undefined;
          return { status, headers, body: status < 300 && status !== 204 && status !== 205 ? '{}' : '' };
        }),
      [Symbol.asyncDispose]: () => fake[Symbol.asyncDispose](),
    };
  },
  unrenderable: { layout: { count: '{{ .Series.Count }}' } },
});

const open = (written: Record<string, unknown>, context: Partial<SinkContext> = {}) =>
  openWritten(bigquery, { written }, sinkContext(context));

const named = (columns: readonly SeenColumn[] = [], name: string) =>
  columns.find((each) => each.name === name);

describe('bigquery', () => {
  it('makes dataset and table with the first rows, typed, partitioned and clustered', async () => {
    await using fake = await startSecure();
    await using sink = await open({ ...fake.written, location: 'EU', partitionExpiration: '2160h' });

    await sink.send(outgoing(sink, [sinkEvent()]), noAbort);

    expect(fake.calls.map(({ method, path }) => `${method} ${path}`)).toEqual([
      'GET /datasets/kubernetes/tables/events',
      'GET /datasets/kubernetes',
      'POST /datasets',
      'POST /datasets/kubernetes/tables',
      'POST /datasets/kubernetes/tables/events/insertAll',
    ]);
    expect(fake.datasets.get('kubernetes')).toMatchObject({ location: 'EU' });
    const table = fake.tables.get('kubernetes/events');
    expect(table).toMatchObject({
      timePartitioning: { type: 'DAY', field: 'time', expirationMs: '7776000000' },
      clustering: { fields: ['type', 'reason', 'clusterName'] },
    });
    expect(named(table?.schema.fields, 'time')).toMatchObject({ type: 'TIMESTAMP', mode: 'REQUIRED' });
    expect(named(table?.schema.fields, 'count')).toMatchObject({ type: 'INTEGER' });
    const object = named(table?.schema.fields, 'involvedObject');
    expect(object).toMatchObject({ type: 'RECORD' });
    expect(named(object?.fields, 'labels')).toMatchObject({ type: 'JSON' });
    expect(named(object?.fields, 'ownerReferences')).toMatchObject({ type: 'RECORD', mode: 'REPEATED' });
  });

  it('inserts the event with its own names, and the idempotency key as insertId', async () => {
    await using fake = await startSecure();
    withTable(fake);
    await using sink = await open(fake.written);
    const event = sinkEvent({
      metadata: {
        name: 'web-1.17',
        namespace: 'shop',
        uid: 'uid-1',
        labels: { 'app.kubernetes.io/name': 'web' },
        finalizers: ['a', 'b'],
      },
      message: 'a "quoted" {{projectId}} \ud800 end',
      eventTime: '2026-03-01T10:20:30.123456Z',
    });

    await sink.send(outgoing(sink, [event]), noAbort);

    expect(fake.rows).toEqual([
      {
        insertId: event.key,
        json: {
          time: '2026-03-01T10:20:30.000Z',
          idempotencyKey: event.key,
          occurrence: 3,
          metadata: {
            name: 'web-1.17',
            namespace: 'shop',
            uid: 'uid-1',
            labels: '{"app.kubernetes.io/name":"web"}',
            finalizers: ['a', 'b'],
          },
          reason: 'BackOff',
          message: 'a "quoted" {{projectId}} \ufffd end',
          source: { component: 'kubelet', host: 'node-7' },
          firstTimestamp: '2026-03-01T10:00:00Z',
          lastTimestamp: '2026-03-01T10:20:30Z',
          count: 3,
          type: 'Warning',
          eventTime: '2026-03-01T10:20:30.123456Z',
          reportingComponent: '',
          reportingInstance: '',
          clusterName: 'prod',
          involvedObject: {
            kind: 'Pod',
            namespace: 'shop',
            name: 'web-1',
            uid: 'pod-1',
            apiVersion: 'v1',
            deleted: false,
          },
        },
      },
    ]);
    expect(fake.calls.at(-1)?.body).toMatchObject({ skipInvalidRows: true, ignoreUnknownValues: false });
    expect(claimsOf(fake.calls.at(-1)?.authorization)).toMatchObject({
      aud: 'https://bigquery.googleapis.com/',
    });
  });

  it('asks for the table once, also when batches are sent side by side', async () => {
    await using fake = await startSecure();
    await using sink = await open(fake.written);

    await Promise.all(
      [1, 2, 3, 4].map((number) => sink.send(outgoing(sink, [numberedEvent(number)]), noAbort)),
    );

    expect(fake.calls.filter(({ path }) => !path.endsWith('/insertAll'))).toHaveLength(4);
    expect(fake.rows).toHaveLength(4);
  });

  it('lets another make dataset and table first', async () => {
    await using fake = await startSecure();
    const columns = eventColumns;
    fake.judge = ({ method, path }) => {
      if (method !== 'POST') return undefined;
      if (path === '/datasets' && !fake.datasets.has('kubernetes')) {
        fake.datasets.set('kubernetes', {});
        fake.tables.set('kubernetes/events', { schema: { fields: columns } });
      }
      return undefined;
    };
    await using sink = await open(fake.written);

    await sink.send(outgoing(sink, [sinkEvent()]), noAbort);

    expect(fake.rows).toHaveLength(1);
  });

  it('adds the columns that an older table does not have, also inside of others', async () => {
    await using fake = await startSecure();
    withTable(fake);
    const old = eventColumns
      .filter(({ name }) => name !== 'series' && name !== 'idempotencyKey')
      .map((column) =>
        column.name === 'metadata'
          ? { ...column, fields: (column.fields ?? []).filter(({ name }) => name !== 'labels') }
          : column,
      );
    const extra = { name: 'loadedBy', type: 'STRING' };
    fake.tables.set('kubernetes/events', { schema: { fields: [...old, extra] } });
    await using sink = await open(fake.written);

    await sink.send(outgoing(sink, [sinkEvent()]), noAbort);

    const { fields } = fake.tables.get('kubernetes/events')!.schema;
    expect(fields.slice(0, old.length + 1).map(({ name }) => name)).toEqual([
      ...old.map(({ name }) => name),
      'loadedBy',
    ]);
    expect(named(fields, 'series')).toMatchObject({ type: 'RECORD' });
    expect(named(fields, 'idempotencyKey')).toMatchObject({ mode: 'NULLABLE' });
    expect(named(named(fields, 'metadata')?.fields, 'labels')).toMatchObject({ type: 'JSON' });
    expect(fake.rows).toHaveLength(1);
  });

  it('writes what a table has of our columns when it may not change it', async () => {
    await using fake = await startSecure();
    withTable(fake);
    fake.tables.set('kubernetes/events', { schema: { fields: [{ name: 'Message', type: 'STRING' }] } });
    await using sink = await open({ ...fake.written, createTable: false });

    await sink.send(outgoing(sink, [sinkEvent()]), noAbort);

    expect(fake.calls.map(({ method }) => method)).toEqual(['GET', 'POST']);
    expect(fake.calls.at(-1)?.body).toMatchObject({ ignoreUnknownValues: true });
  });

  it("refuses a table that was made for other rows, as the exporter's are", async () => {
    await using fake = await startSecure();
    withTable(fake);
    const labels = { name: 'labels', type: 'RECORD', fields: [{ name: 'app', type: 'STRING' }] };
    fake.tables.set('kubernetes/events', {
      schema: { fields: [{ name: 'involvedObject', type: 'RECORD', fields: [labels] }] },
    });
    await using sink = await open(fake.written);

    const errors = [
      await thrownBy(sink.check!(noAbort)),
      await thrownBy(sink.send(outgoing(sink, [sinkEvent()]), noAbort)),
    ];

    for (const error of errors) {
      expect(error).toMatchObject({ reason: 'InvalidConfig', permanent: false });
      expect(error.message).toContain('involvedObject.labels is RECORD there and JSON here');
    }
  });

  it('makes columns of the keys of a layout, by their values', async () => {
    await using fake = await startSecure();
    const layout = {
      message: '{{ .Message }}',
      'obj.name': '{{ .InvolvedObject.Name }}',
      '1st': 1,
      ratio: 0.5,
      ok: true,
      nothing: null,
      object: { kind: '{{ .InvolvedObject.Kind }}' },
      labels: '{{ toJson .InvolvedObject.Labels }}',
    };
    await using sink = await open({ ...fake.written, layout });

    await sink.send(outgoing(sink, [sinkEvent()]), noAbort);

    const table = fake.tables.get('kubernetes/events')!;
    expect(table.schema.fields).toEqual([
      { name: 'message', type: 'STRING' },
      { name: 'obj_name', type: 'STRING' },
      { name: '_1st', type: 'INTEGER' },
      { name: 'ratio', type: 'FLOAT' },
      { name: 'ok', type: 'BOOLEAN' },
      { name: 'object', type: 'JSON' },
      { name: 'labels', type: 'STRING' },
    ]);
    expect(table.timePartitioning).toEqual({ type: 'DAY' });
    expect(table.clustering).toBeUndefined();
    expect(fake.rows[0]?.json).toMatchObject({ obj_name: 'web-1', _1st: 1, object: '{"kind":"Pod"}' });
  });

  it('fits the values of a layout into the columns of the table, and adds the others', async () => {
    await using fake = await startSecure();
    withTable(fake);
    const columns = [
      { name: 'Object', type: 'STRUCT', fields: [{ name: 'the_kind', type: 'STRING' }] },
      { name: 'labels', type: 'JSON' },
      { name: 'tags', type: 'STRING', mode: 'REPEATED' },
    ];
    fake.tables.set('kubernetes/events', { schema: { fields: columns } });
    const layout = {
      object: { 'the.kind': '{{ .InvolvedObject.Kind }}', none: null },
      labels: '{{ toJson .InvolvedObject }}',
      tags: '{{ .Reason }}',
      more: { a: 1 },
    };
    await using sink = await open({ ...fake.written, layout });

    await sink.send(outgoing(sink, [sinkEvent()]), noAbort);

    expect(fake.rows[0]?.json).toEqual({
      object: { the_kind: 'Pod' },
      labels: expect.stringMatching(/^\{"kind":"Pod"/) as string,
      tags: ['BackOff'],
      more: '{"a":1}',
    });
    expect(fake.tables.get('kubernetes/events')!.schema.fields.map(({ name }) => name)).toEqual([
      'Object',
      'labels',
      'tags',
      'more',
    ]);
  });

  it('refuses columns of a layout that a table of the user does not have, until somebody adds them', async () => {
    await using fake = await startSecure();
    withTable(fake);
    await using sink = await open({ ...fake.written, createTable: false, layout: { colour: 'red' } });

    const error = await thrownBy(sink.send(outgoing(sink, [sinkEvent()]), noAbort));
    fake.tables.set('kubernetes/events', { schema: { fields: [{ name: 'colour', type: 'STRING' }] } });
    await sink.send(outgoing(sink, [sinkEvent()]), noAbort);

    expect(error).toMatchObject({ reason: 'TargetNotFound', permanent: false });
    expect(error.message).toContain('table p1.kubernetes.events has no column colour');
    expect(fake.rows).toHaveLength(1);
  });

  it('rejects an event alone whose layout has two keys for one column', async () => {
    await using sink = await open({
      projectId: 'p1',
      dataset: 'd',
      table: 't',
      credentials: serviceAccountKey(),
      layout: { 'a.b': '1', 'A-b': '2' },
    });

    expect(() => sink.encode(sinkEvent())).toThrow(
      expect.objectContaining({ reason: 'RenderFailed', permanent: true }) as Error,
    );
  });

  it('tells the rows that are refused from those that are to be sent again', async () => {
    await using fake = await startSecure();
    withTable(fake);
    const errors: Record<string, object> = {
      bad: { reason: 'invalid', location: 'count', message: 'Cannot convert value to integer' },
      stopped: { reason: 'stopped', message: '' },
      slow: { reason: 'rateLimitExceeded', message: 'slow down' },
      down: { reason: 'backendError', message: 'down' },
      new: { reason: 'somethingNew', message: 'what' },
    };
    fake.judgeRow = ({ json }) => errors[String(json.message)];
    await using sink = await open(fake.written);
    const texts = ['fine', 'bad', 'stopped', 'slow', 'down', 'new', 'fine'];
    const batch = outgoing(
      sink,
      texts.map((message, number) => numberedEvent(number, message)),
    );

    const error = await thrownBy(sink.send(batch, noAbort));

    expect(error.results?.map((result) => result && [result.reason, result.permanent])).toEqual([
      undefined,
      ['Rejected', true],
      ['ServerError', false],
      ['Throttled', false],
      ['ServerError', false],
      ['ServerError', false],
      undefined,
    ]);
    expect(error.results?.[1]?.message).toBe(
      'BigQuery refused the row: invalid in count: Cannot convert value to integer',
    );
  });

  it.each([
    [403, 'quotaExceeded', 'Throttled', false],
    [403, 'rateLimitExceeded', 'Throttled', false],
    [403, 'accessDenied', 'Forbidden', false],
    [403, 'billingNotEnabled', 'Forbidden', false],
    [404, 'notFound', 'TargetNotFound', false],
    [401, 'authError', 'Unauthorized', false],
    [503, 'backendError', 'ServerError', false],
    [400, 'tableUnavailable', 'ServerError', false],
    [413, 'uploadTooLarge', 'PayloadTooLarge', true],
    [400, 'invalid', 'Rejected', false],
  ])('takes %i %s as %s', async (status, code, reason, permanent) => {
    await using fake = await startSecure();
    withTable(fake);
    fake.judge = ({ path }) => (path.endsWith('/insertAll') ? apiError(status, code) : undefined);
    await using sink = await open(fake.written);

    const error = await thrownBy(sink.send(outgoing(sink, [sinkEvent()]), noAbort));

    expect(error).toMatchObject({ reason, permanent });
    expect(error.message).toContain(`said ${code}`);
  });

  it('finds the row for which a whole request is refused', async () => {
    await using fake = await startSecure();
    withTable(fake);
    fake.judge = ({ path, body }) =>
      path.endsWith('/insertAll') && (body.rows as SeenRow[]).some(({ json }) => json.message === 'poison')
        ? apiError(400, 'parseError')
        : undefined;
    await using sink = await open(fake.written);
    const events = Array.from({ length: 50 }, (_, number) =>
      numberedEvent(number, number === 31 ? 'poison' : 'fine'),
    );

    const error = await thrownBy(sink.send(outgoing(sink, events), noAbort));

    expect(error.results?.flatMap((result, index) => (result === undefined ? [] : [index]))).toEqual([31]);
    expect(error.results?.[31]).toMatchObject({ reason: 'Rejected', permanent: true });
    expect(fake.rows).toHaveLength(49);
  });

  it('keeps the rows when it is the table that is refused', async () => {
    await using fake = await startSecure();
    withTable(fake);
    fake.judge = ({ path }) =>
      path.endsWith('/insertAll') ? apiError(400, 'invalid', 'Cannot add rows to a view') : undefined;
    await using sink = await open(fake.written);
    const events = Array.from({ length: 500 }, (_, number) => numberedEvent(number));

    const error = await thrownBy(sink.send(outgoing(sink, events), noAbort));

    expect(error.message).toContain('Cannot add rows to a view');
    expect(error.results?.every((result) => result?.permanent === false) ?? !error.permanent).toBe(true);
    expect(fake.calls.length).toBeLessThan(110);
  });

  it('makes the table anew when somebody removed it, and waits while it is not known everywhere', async () => {
    await using fake = await startSecure();
    await using sink = await open(fake.written);
    await sink.send(outgoing(sink, [numberedEvent(1)]), noAbort);
    fake.tables.clear();

    const removed = await thrownBy(sink.send(outgoing(sink, [numberedEvent(2)]), noAbort));
    fake.judge = ({ path }) =>
      path.endsWith('/insertAll') ? apiError(404, 'notFound', 'Table is truncated.') : undefined;
    const settling = await thrownBy(sink.send(outgoing(sink, [numberedEvent(2)]), noAbort));
    fake.judge = () => undefined;
    await sink.send(outgoing(sink, [numberedEvent(2)]), noAbort);

    expect(removed).toMatchObject({ reason: 'TargetNotFound', permanent: false });
    expect(settling).toMatchObject({ reason: 'TargetNotFound', permanent: false });
    expect(settling.message).toContain('the table is new, and not known everywhere yet');
    expect(fake.rows).toHaveLength(2);
  });

  it('sends rows again that need a column which is new, and rejects them later', async () => {
    const refused = { reason: 'invalid', message: 'no such field: series.' };
    await using fake = await startSecure();
    withTable(fake);
    fake.tables.set('kubernetes/events', { schema: { fields: eventColumns.slice(0, 5) } });
    fake.judgeRow = () => refused;
    await using sink = await open(fake.written);
    const fresh = await thrownBy(sink.send(outgoing(sink, [sinkEvent()]), noAbort));
    await using later = await open(fake.written);

    const settled = await thrownBy(later.send(outgoing(later, [sinkEvent()]), noAbort));

    expect(fresh).toMatchObject({ reason: 'TargetNotFound', permanent: false });
    expect(settled).toMatchObject({ reason: 'Rejected', permanent: true });
  });

  it('divides what is more than one request may hold', async () => {
    await using fake = await startSecure();
    withTable(fake);
    await using sink = await open(fake.written);
    const large = [1, 2, 3].map((number) => numberedEvent(number, 'x'.repeat(4_000_000)));

    await sink.send(outgoing(sink, large), noAbort);

    const counts = fake.calls.flatMap(({ body }) =>
      body.rows === undefined ? [] : [(body.rows as SeenRow[]).length],
    );
    expect(counts).toEqual([2, 1]);
  });

  it("takes the exporter's settings as defaults of the delivery", () => {
    const settings = { dataset: 'd', table: 't' };

    expect(bigquery.defaultsFor?.(settings)).toMatchObject({
      batch: { maxEvents: 500, maxWaitMs: 1_000 },
      timeoutMs: 30_000,
    });
    expect(
      bigquery.defaultsFor?.({
        ...settings,
        batchSize: 50_000,
        intervalSeconds: 10,
        timeoutSeconds: 60,
        maxRetries: 3,
      }),
    ).toMatchObject({ batch: { maxEvents: 10_000, maxWaitMs: 10_000 }, timeoutMs: 60_000 });
  });
});

describe('the check of bigquery', () => {
  it('tells wrong host, certificate, credentials, permission, dataset and table apart, and changes nothing', async () => {
    await using fake = await startSecure();
    const check = async (fields: Record<string, unknown>, refusing?: [number, string]) => {
      fake.judge = () => (refusing === undefined ? undefined : apiError(...refusing));
      await using sink = await open({ ...fake.written, ...fields });
      return await thrownBy(sink.check!(AbortSignal.timeout(5_000)));
    };

    const errors = [
      await check({ endpoint: 'no-such-host.invalid' }),
      await check({ tls: {} }),
      await check({}, [401, 'authError']),
      await check({}, [403, 'accessDenied']),
      await check({ createDataset: false, createTable: false }),
      await check({ createTable: false }),
    ];

    expect(errors.map(({ reason }) => reason)).toEqual([
      'Unreachable',
      'TLSFailed',
      'Unauthorized',
      'Forbidden',
      'TargetNotFound',
      'TargetNotFound',
    ]);
    expect(new Set(errors.map(({ message }) => message)).size).toBe(6);
    expect(errors[4]?.message).toContain('dataset p1.kubernetes does not exist');
    expect(errors[5]?.message).toContain('table p1.kubernetes.events does not exist');
    expect(fake.calls.every(({ method }) => method === 'GET')).toBe(true);
  });

  it('is content without a table that it may make', async () => {
    await using fake = await startSecure();
    await using sink = await open(fake.written);

    await sink.check?.(noAbort);

    expect(fake.datasets.size).toBe(0);
  });
});

describe('who bigquery speaks as', () => {
  it("does not lend the operator's identity to other namespaces", async () => {
    const error = await thrownBy(
      open({ projectId: 'p1', dataset: 'd', table: 't' }, { isAddressAllowed: createAddressGuard() }),
    );

    expect(error).toMatchObject({ reason: 'InvalidConfig' });
  });

  it('sends no credentials where nothing is encrypted', async () => {
    await using fake = await startBigQueryServer();
    withTable(fake);
    await using sink = await open({
      projectId: 'p1',
      dataset: 'kubernetes',
      table: 'events',
      credentials: serviceAccountKey(),
      endpoint: fake.server.url,
    });

    await sink.send(outgoing(sink, [sinkEvent()]), noAbort);

    expect(fake.rows).toHaveLength(1);
    expect(fake.calls.every(({ authorization }) => authorization === undefined)).toBe(true);
  });

  it('refuses a partition expiration by which rows would go at once', async () => {
    const error = await thrownBy(
      open({
        projectId: 'p1',
        dataset: 'd',
        table: 't',
        credentials: serviceAccountKey(),
        partitionExpiration: '30s',
      }),
    );

    expect(error).toMatchObject({ reason: 'InvalidConfig', permanent: true });
  });
});

describe('a table of bigquery', () => {
  it('counts as settling for a quarter of an hour after a change', async () => {
    let nowMs = 0;
    const columns: readonly Column[] = [{ name: 'a', type: 'STRING' }];
    const table = createEventTable(
      {
        path: '/t',
        name: 'p.d.t',
        readTable: () => Promise.resolve(undefined),
        hasDataset: () => Promise.resolve(true),
        createTable: () => Promise.resolve('made'),
        createDataset: () => Promise.resolve(),
        changeColumns: () => Promise.resolve(),
      },
      {
        projectId: 'p',
        dataset: 'd',
        table: 't',
        location: 'US',
        createDataset: true,
        createTable: true,
        partitionExpirationMs: undefined,
        isOwnSchema: false,
      },
      () => nowMs,
    );

    const fresh = await table.prepare(columns, noAbort);
    nowMs = 16 * 60_000;
    const settled = await table.prepare(columns, noAbort);

    expect([fresh.isSettling, settled.isSettling]).toEqual([true, false]);
  });
});

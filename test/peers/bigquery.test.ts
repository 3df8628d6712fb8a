import bigquery from '../../operator/sinks/bigquery.ts';
import { openWritten, thrownBy } from '../sinks/contract.ts';
import { describeDelivery, type DeliveryPeer } from '../sinks/delivery-contract.ts';
import { noAbort, numberedEvent, outgoing, sinkContext, sinkEvent } from '../sinks/sink-event.ts';
import { type BigQueryPeer, startBigQueryPeer } from './bigquery.ts';
import { startTcpProxy } from './kit/tcp-proxy.ts';
import { strangeEvents } from './strange-events.ts';

/** Reads a row back into the document that it was made of: without nulls, JSON columns and times as they were. */
function asWritten(row: unknown): unknown {
  return JSON.parse(JSON.stringify(row), (key, value: unknown) => {
    if (value === null || (Array.isArray(value) && value.length === 0)) return undefined;
    if ((key === 'labels' || key === 'annotations') && typeof value === 'string')
      return JSON.parse(value) as unknown;
    if (typeof value !== 'object' || !('value' in value)) return value;
    return String(value.value)
      .replace(/(\.\d*?)0+Z$/, '$1Z')
      .replace('.Z', 'Z');
  });
}

/** Null and absent are the same in a table. */
function withoutNull(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (_, inner: unknown) => inner ?? undefined));
}

describe('BigQuery', () => {
  let peer: BigQueryPeer;
  let tables = 0;

  beforeAll(async () => {
    peer = await startBigQueryPeer();
  }, 400_000);
  afterAll(() => peer[Symbol.asyncDispose]());

  const reach = () => ({ projectId: peer.projectId, dataset: 'kubernetes', endpoint: peer.url });
  const open = (fields: Record<string, unknown>, context = sinkContext()) =>
    openWritten(bigquery, { written: { ...reach(), ...fields } }, context);
  const nextTable = (): string => `events_${(tables += 1)}`;

  it('holds each event whole, in a table that was made for it', async () => {
    const table = nextTable();
    const owner = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web', uid: 'rs-1', controller: true };
    const events = [
      ...strangeEvents(),
      sinkEvent({
        metadata: {
          name: 'owned',
          namespace: 'shop',
          uid: 'uid-owned',
          ownerReferences: [owner],
          finalizers: ['a'],
        },
        related: { kind: 'Node', name: 'node-7' },
        series: { count: 4, lastObservedTime: '2026-03-01T10:20:30.123456Z' },
        eventTime: '2026-03-01T10:20:30.123456Z',
      }),
      ...Array.from({ length: 600 }, (_, number) => numberedEvent(number)),
    ];
    await using sink = await open({ table });

    await sink.check?.(noAbort);
    await sink.send(outgoing(sink, events), noAbort);

    const rows = await peer.query(`SELECT * FROM kubernetes.${table} ORDER BY idempotencyKey`);
    expect(rows.map((row) => asWritten(row))).toEqual(
      [...events]
        .sort((one, other) => (one.key < other.key ? -1 : 1))
        .map((event) => ({
          ...(withoutNull(event.event.data) as object),
          time: event.time.toISOString().replace('.000Z', 'Z'),
          idempotencyKey: event.key,
          occurrence: event.number,
        })),
    );
  });

  it('answers questions about labels and times', async () => {
    const table = nextTable();
    await using sink = await open({ table });
    await sink.send(outgoing(sink, strangeEvents()), noAbort);

    const rows = await peer.query(
      `SELECT JSON_VALUE(metadata.labels, '$."app.kubernetes.io/name"') AS app, count FROM kubernetes.${table}
       WHERE type = 'Warning' AND involvedObject.kind = 'Pod' AND time > TIMESTAMP '2020-01-01' ORDER BY count`,
    );

    expect(rows).toEqual([1, 3, 5].map((count) => ({ app: 'ä"b', count })));
  });

  it('holds the columns of a layout', async () => {
    const table = nextTable();
    const layout = {
      message: '{{ .Message }}',
      'object.name': '{{ .InvolvedObject.Name }}',
      n: 5,
      ratio: 0.5,
      ok: true,
      where: { node: '{{ .Source.Host }}' },
    };
    await using sink = await open({ table, layout });

    await sink.send(outgoing(sink, [sinkEvent()]), noAbort);

    expect((await peer.columnsOf('kubernetes', table)).map(({ name, type }) => `${name} ${type}`)).toEqual([
      'message STRING',
      'object_name STRING',
      'n INTEGER',
      'ratio FLOAT',
      'ok BOOLEAN',
      'where JSON',
    ]);
    expect(
      await peer.query(
        `SELECT object_name, n, ratio, ok, JSON_VALUE(\`where\`, '$.node') AS node FROM kubernetes.${table}`,
      ),
    ).toEqual([{ object_name: 'web-1', n: 5, ratio: 0.5, ok: true, node: 'node-7' }]);
  });

  it('tells wrong port, dataset and table apart', async () => {
    await using closed = await open({ table: 't', endpoint: 'http://127.0.0.1:1' });
    await using noDataset = await open({ table: 't', dataset: 'nowhere', createDataset: false });
    await using noTable = await open({ table: 'nowhere', createTable: false });

    const errors = [];
    for (const sink of [closed, noDataset, noTable]) errors.push(await thrownBy(sink.check!(noAbort)));

    expect(errors.map(({ reason }) => reason)).toEqual(['Unreachable', 'TargetNotFound', 'TargetNotFound']);
    expect(errors[1]?.message).toContain('dataset p1.nowhere does not exist');
    expect(errors[2]?.message).toContain('table p1.kubernetes.nowhere does not exist');
  });

  async function startRun(): Promise<DeliveryPeer> {
    const table = nextTable();
    const network = await startTcpProxy(peer.port);
    return {
      written: { ...reach(), table, endpoint: `http://127.0.0.1:${network.port}` },
      arrived: async () =>
        (await peer.query(`SELECT idempotencyKey FROM kubernetes.${table}`)).map(({ idempotencyKey }) =>
          String(idempotencyKey),
        ),
      goDown: () => network.cut(),
      comeBack: () => network.mend(),
      [Symbol.asyncDispose]: () => network[Symbol.asyncDispose](),
    };
  }

  describeDelivery('BigQuery', { sinkName: 'bigquery', start: startRun });
});

import type { TObject } from '@sinclair/typebox';

import { exporterJson } from '../../operator/event/exporter-json.ts';
import { type SinkDefinition } from '../../operator/sink-kit/index.ts';
import { type SearchDocument } from '../../operator/sinks/search-document.ts';
import { openWritten, thrownBy } from '../sinks/contract.ts';
import { noAbort, numberedEvent, outgoing, sinkContext, sinkEvent } from '../sinks/sink-event.ts';
import { type SearchNode } from './search-node.ts';

const strange = 'ü \u{1f600} <a&b> "q" \\ \u2028 tab\tline\nend';

/** What a suite is run with. */
export interface SearchSuite<Config extends TObject> {
  readonly definition: SinkDefinition<Config, SearchDocument>;
  readonly node: () => SearchNode;
  /** Fields with the credentials of a user who may write to `kube-*`, `events-*` and `missing-*`. */
  readonly credentials?: Readonly<Record<string, unknown>>;
  /** The same for one who may renew documents. */
  readonly renewing?: Readonly<Record<string, unknown>>;
}

/** What each version of the servers has to do with each event; a few tests, for there are many versions. */
export function describeVersion<Config extends TObject>({
  definition,
  node,
  credentials = {},
}: SearchSuite<Config>): void {
  const { type: mappingType } = credentials;
  it('takes 200 events, holds each whole, and holds it once when it comes again', async () => {
    const events = Array.from({ length: 200 }, (_, number) => numberedEvent(number, `${number} ${strange}`));
    const written = { hosts: [node().url], indexFormat: 'kube-whole-{2006.01.02}', ...credentials };
    await using sink = await openWritten(definition, { written });

    await sink.check?.(noAbort);
    await sink.send(outgoing(sink, events), noAbort);
    await sink.send(outgoing(sink, events), noAbort);

    const found = await node().documents('kube-whole-2026.03.01');
    const byId = new Map(found.map(({ _id, _source }) => [_id, _source]));
    expect(found).toHaveLength(200);
    for (const { key, event } of events) expect(byId.get(key)).toEqual(JSON.parse(exporterJson(event)));
  });

  it('takes the others of a batch in which one event has a field of another type', async () => {
    const index = 'kube-mixed';
    const layout = { n: '{{ .Message }}' };
    const mappings = { properties: { n: { type: 'long' } } };
    await node().ask('PUT', `/${index}`, {
      mappings: typeof mappingType === 'string' ? { [mappingType]: mappings } : mappings,
    });
    const written = { hosts: [node().url], index, layout, ...credentials };
    await using sink = await openWritten(definition, { written });

    const events = [numberedEvent(1, '2'), numberedEvent(2, 'three'), numberedEvent(3, '4')];
    const error = await thrownBy(sink.send(outgoing(sink, events), noAbort));

    expect(error.results).toEqual([
      undefined,
      expect.objectContaining({ reason: 'Rejected', permanent: true }),
      undefined,
    ]);
    expect(error.results?.[1]?.message).toMatch(/(document|mapper)_parsing_exception/);
    expect(await node().documents(index)).toHaveLength(2);
  });

  it('tells of an index that is missing and may not be made', async () => {
    const written = { hosts: [node().url], index: 'missing-1', ...credentials };
    await using sink = await openWritten(definition, { written });

    const sent = await thrownBy(sink.send(outgoing(sink, [sinkEvent()]), noAbort));

    expect(sent).toMatchObject({ reason: 'TargetNotFound', permanent: false });
    expect(sent.message).toContain('missing-1');
  });
}

/** All that the current version has to do. */
export function describeWhole<Config extends TObject>(suite: SearchSuite<Config>): void {
  const { definition, node, credentials = {}, renewing = credentials } = suite;
  const open = (fields: Readonly<Record<string, unknown>>, context = sinkContext()) =>
    openWritten(definition, { written: { hosts: [node().url], ...credentials, ...fields } }, context);
  describeVersion(suite);

  it('keeps one document for each Event when told to, and the newest occurrence in it', async () => {
    await using sink = await open({ index: 'kube-newest', useEventID: true, ...renewing });
    const [third, fourth] = outgoing(sink, [sinkEvent({ count: 3 }), sinkEvent({ count: 4 })]);

    await sink.check?.(noAbort);
    for (const each of [third!, fourth!, fourth!, third!]) await sink.send([each], noAbort);

    expect(await node().documents('kube-newest')).toMatchObject([{ _id: 'uid-1', _source: { count: 4 } }]);
  });

  it('writes into a data stream, told or not told that it is one', async () => {
    await node().ask('PUT', '/_index_template/streams', {
      index_patterns: ['events-*'],
      data_stream: {},
      priority: 500,
      template: { settings: { number_of_replicas: 0 } },
    });
    await using unaware = await open({ index: 'events-unaware' });
    await using aware = await open({ index: 'events-aware', dataStream: true });
    const events = [1, 2, 3].map((number) => numberedEvent(number));

    for (const sink of [unaware, aware]) {
      await sink.check?.(noAbort);
      await sink.send(outgoing(sink, events), noAbort);
      await sink.send(outgoing(sink, events), noAbort);
    }

    for (const name of ['events-unaware', 'events-aware']) {
      const found = await node().documents(name);
      expect(found).toHaveLength(3);
      expect(found[0]?._index).toMatch(new RegExp(`^\\.ds-${name}-`));
      expect(found[0]?._source).toMatchObject({
        '@timestamp': '2026-03-01T10:20:30.000Z',
        reason: 'BackOff',
      });
    }
  });

  it('writes each occurrence into a data stream where one document for each Event was wanted', async () => {
    const context = sinkContext();
    await using sink = await open(
      { index: 'events-renewed', useEventID: true, ...renewing, ...credentials },
      context,
    );

    await sink.send(outgoing(sink, [sinkEvent({ count: 3 }), sinkEvent({ count: 4 })]), noAbort);

    expect((await node().documents('events-renewed')).map(({ _id }) => _id)).toEqual(['uid-1-3', 'uid-1-4']);
    expect(context.warnings).toEqual([expect.stringContaining('is a data stream')]);
  });

  it('waits for an index that is blocked', async () => {
    const index = 'kube-blocked';
    await using sink = await open({ index });
    await sink.send(outgoing(sink, [numberedEvent(1)]), noAbort);
    await node().ask('PUT', `/${index}/_settings`, { 'index.blocks.write': true });

    const error = await thrownBy(sink.send(outgoing(sink, [numberedEvent(2)]), noAbort));
    await node().ask('PUT', `/${index}/_settings`, { 'index.blocks.write': false });
    await sink.send(outgoing(sink, [numberedEvent(2)]), noAbort);

    expect(error).toMatchObject({ reason: 'Forbidden', permanent: false });
    expect(error.message).toMatch(/cluster_block_exception.*lift the block/);
    expect(await node().documents(index)).toHaveLength(2);
  });

  it('waits for a pipeline that is missing', async () => {
    await using sink = await open({ index: 'kube-piped', pipeline: 'nobody-made-this' });

    const error = await thrownBy(sink.send(outgoing(sink, [sinkEvent()]), noAbort));

    expect(error).toMatchObject({ reason: 'TargetNotFound', permanent: false });
    expect(error.message).toContain('nobody-made-this');
  });

  it('sends what is too much for http.max_content_length in smaller requests, and refuses what never fits', async () => {
    await using sink = await open({ index: 'kube-large' });
    const fitting = Array.from({ length: 9 }, (_, number) => numberedEvent(number, 'x'.repeat(500_000)));
    const batch = outgoing(sink, [...fitting, numberedEvent(10, 'y'.repeat(2_200_000))]);

    const error = await thrownBy(sink.send(batch, noAbort));

    expect(error.results?.map((result) => result?.reason)).toEqual([
      ...new Array<undefined>(9).fill(undefined),
      'PayloadTooLarge',
    ]);
    expect(await node().documents('kube-large')).toHaveLength(9);
  });

  it('takes compressed requests', async () => {
    await using sink = await open({ index: 'kube-packed', compression: 'Gzip' });

    await sink.send(outgoing(sink, [numberedEvent(1, strange.repeat(200))]), noAbort);

    expect((await node().documents('kube-packed'))[0]?._source.message).toBe(strange.repeat(200));
  });

  it('names what is wrong when it is checked: port, protocol, path', async () => {
    const told = async (hosts: string[]): Promise<string> => {
      await using sink = await open({ index: 'kube-checked', hosts });
      return (await thrownBy(sink.check!(noAbort))).message;
    };

    expect(await told(['http://127.0.0.1:1'])).toMatch(/refused the connection/);
    expect(await told([node().url.replace('http:', 'https:')])).toMatch(/does not speak TLS/);
    expect(await told([`${node().url}/nowhere/at/all`])).toMatch(/answered (400|404|405)/);
  });
}

import elasticsearch from '../../operator/sinks/elasticsearch.ts';
import opensearch from '../../operator/sinks/opensearch.ts';
import { openWritten, thrownBy } from '../sinks/contract.ts';
import { describeDelivery, type DeliveryPeer } from '../sinks/delivery-contract.ts';
import { noAbort, outgoing, sinkEvent } from '../sinks/sink-event.ts';
import { startTcpProxy } from './kit/tcp-proxy.ts';
import { type SearchNode, startSearchNode } from './search-node.ts';
import { describeVersion, describeWhole } from './search-suite.ts';

describe('OpenSearch 2.19.6', () => {
  let node: SearchNode;
  let runs = 0;

  beforeAll(async () => {
    node = await startSearchNode({ product: 'opensearch', version: '2.19.6' });
  }, 400_000);
  afterAll(() => node[Symbol.asyncDispose]());

  describeWhole({ definition: opensearch, node: () => node });

  it('is named by the receiver for Elasticsearch, which sends it nothing', async () => {
    await using sink = await openWritten(elasticsearch, {
      written: { hosts: [node.url], index: 'kube-other' },
    });

    const checked = await thrownBy(sink.check!(noAbort));
    const sent = await thrownBy(sink.send(outgoing(sink, [sinkEvent()]), noAbort));

    const { host } = new URL(node.url);
    const sentence = `${host} is OpenSearch 2.19.6, not Elasticsearch: use the receiver \`opensearch\` for it`;
    expect([checked.message, sent.message]).toEqual([sentence, sentence]);
    expect(await node.documents('kube-other')).toEqual([]);
  });

  async function startPeer(): Promise<DeliveryPeer> {
    const proxy = await startTcpProxy(node.port);
    const index = `kube-run-${(runs += 1)}`;
    return {
      written: { hosts: [`http://127.0.0.1:${proxy.port}`], index },
      arrived: async () => (await node.documents(index)).map(({ _id }) => _id),
      goDown: () => proxy.cut(),
      comeBack: () => proxy.mend(),
      [Symbol.asyncDispose]: () => proxy[Symbol.asyncDispose](),
    };
  }

  describeDelivery('OpenSearch', { sinkName: 'opensearch', start: startPeer });
});

describe('OpenSearch 3.6.0', () => {
  let node: SearchNode;

  beforeAll(async () => {
    node = await startSearchNode({ product: 'opensearch', version: '3.6.0', needsJava21: true });
  }, 400_000);
  afterAll(() => node[Symbol.asyncDispose]());

  describeVersion({ definition: opensearch, node: () => node });

  it('sends events through an ingest pipeline', async () => {
    await node.ask('PUT', '/_ingest/pipeline/mark', {
      processors: [{ set: { field: 'marked', value: true } }],
    });
    const written = { hosts: [node.url], index: 'kube-piped', pipeline: 'mark' };
    await using sink = await openWritten(opensearch, { written });

    await sink.send(outgoing(sink, [sinkEvent()]), noAbort);

    expect((await node.documents('kube-piped'))[0]?._source).toMatchObject({
      marked: true,
      reason: 'BackOff',
    });
  });
});

import elasticsearch from '../../operator/sinks/elasticsearch.ts';
import { openWritten, thrownBy } from '../sinks/contract.ts';
import { noAbort } from '../sinks/sink-event.ts';
import { type SearchNode, startSearchNode, type Users } from './search-node.ts';
import { describeVersion } from './search-suite.ts';

const users: Users = { writer: { password: 'wr1ter-pa55word', roles: ['writer'] } };
const credentials = { username: 'writer', password: 'wr1ter-pa55word' };

describe.each([
  { version: '8.19.21', users, credentials },
  { version: '7.17.28', credentials: {} },
  // before the header by which Elasticsearch names itself, and with mapping types
  { version: '6.8.23', credentials: { type: 'kube-event' } },
])('Elasticsearch $version', (options) => {
  let node: SearchNode;

  beforeAll(async () => {
    node = await startSearchNode({ product: 'elasticsearch', ...options });
  }, 400_000);
  afterAll(() => node[Symbol.asyncDispose]());

  describeVersion({ definition: elasticsearch, node: () => node, credentials: options.credentials });

  it('is asked for nothing that the writer may not do', async () => {
    const written = { hosts: [node.url], index: 'kube-checked', ...options.credentials };
    await using sink = await openWritten(elasticsearch, { written });

    await expect(sink.check!(noAbort)).resolves.toBeUndefined();
  });

  it('refuses a wrong password where it has any', async () => {
    if (options.users === undefined) return;
    const written = { hosts: [node.url], index: 'kube-checked', ...credentials, password: 'wr0ng-pa55word' };
    await using sink = await openWritten(elasticsearch, { written });

    expect((await thrownBy(sink.check!(noAbort))).reason).toBe('Unauthorized');
  });
});

import elasticsearch from '../../operator/sinks/elasticsearch.ts';
import { openWritten, thrownBy } from '../sinks/contract.ts';
import { describeDelivery, type DeliveryPeer } from '../sinks/delivery-contract.ts';
import { noAbort, outgoing, sinkEvent } from '../sinks/sink-event.ts';
import { startTcpProxy } from './kit/tcp-proxy.ts';
import { type SearchNode, startSearchNode, type Users } from './search-node.ts';
import { describeWhole } from './search-suite.ts';

const users: Users = {
  writer: { password: 'wr1ter-pa55word', roles: ['writer'] },
  renewer: { password: 'renewer-pa55word', roles: ['renewer'] },
  stranger: { password: 'stranger-pa55word', roles: ['stranger'] },
};

const userFields = (username: string) => ({ username, password: users[username]?.password });

describe('Elasticsearch 9.0.0', () => {
  let node: SearchNode;
  let runs = 0;

  beforeAll(async () => {
    node = await startSearchNode({ product: 'elasticsearch', version: '9.0.0', needsJava21: true, users });
  }, 400_000);
  afterAll(() => node[Symbol.asyncDispose]());

  describeWhole({
    definition: elasticsearch,
    node: () => node,
    credentials: userFields('writer'),
    renewing: userFields('renewer'),
  });

  const open = (fields: Readonly<Record<string, unknown>>) =>
    openWritten(elasticsearch, { written: { hosts: [node.url], index: 'kube-users', ...fields } });

  it.each([
    ['a wrong password', { username: 'writer', password: 'wr0ng-pa55word' }],
    ['no credentials', {}],
    ['a wrong API key', { apiKey: 'aWQ6a2V5' }],
    ['a wrong token', { bearer: { token: 'wr0ng-token' } }],
  ])('refuses %s', async (_, fields) => {
    await using sink = await open(fields);

    for (const error of [
      await thrownBy(sink.check!(noAbort)),
      await thrownBy(sink.send(outgoing(sink, [sinkEvent()]), noAbort)),
    ]) {
      expect(error).toMatchObject({ reason: 'Unauthorized', permanent: false });
      expect(error.message).toContain('check the credentials');
    }
  });

  it('says which privileges a user lacks', async () => {
    await using sink = await open(userFields('stranger'));

    const checked = await thrownBy(sink.check!(noAbort));
    const sent = await thrownBy(sink.send(outgoing(sink, [sinkEvent()]), noAbort));

    expect(checked).toMatchObject({ reason: 'Forbidden', permanent: false });
    expect(checked.message).toContain(
      'does not let stranger write to kube-users: give it the privileges create_doc',
    );
    expect(sent).toMatchObject({ reason: 'Forbidden', permanent: false });
  });

  it('says that a user may create documents and not renew them', async () => {
    await using sink = await open({ ...userFields('writer'), useEventID: true });

    expect((await thrownBy(sink.check!(noAbort))).message).toContain('give it the privileges index');
  });

  async function startPeer(): Promise<DeliveryPeer> {
    const proxy = await startTcpProxy(node.port);
    const index = `kube-run-${(runs += 1)}`;
    await node.setUsers(users);
    return {
      written: {
        hosts: [`http://127.0.0.1:${proxy.port}`],
        index,
        username: 'writer',
        passwordSecretRef: { name: 'elastic', key: 'password' },
      },
      secrets: { elastic: { password: users.writer?.password ?? '' } },
      wrongSecrets: { elastic: { password: 'wr0ng-pa55word' } },
      arrived: async () => (await node.documents(index)).map(({ _id }) => _id),
      goDown: () => proxy.cut(),
      comeBack: () => proxy.mend(),
      rotate: async () => {
        const password = 'second-pa55word';
        await node.setUsers({ ...users, writer: { password, roles: ['writer'] } });
        return { elastic: { password } };
      },
      [Symbol.asyncDispose]: () => proxy[Symbol.asyncDispose](),
    };
  }

  describeDelivery('Elasticsearch', { sinkName: 'elasticsearch', start: startPeer });
});

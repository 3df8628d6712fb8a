import { describeDelivery, type DeliveryPeer } from './delivery-contract.ts';
import { startSearchServer } from './search-server.ts';

const user = (password: string): string =>
  `Basic ${Buffer.from(`eventroute:${password}`).toString('base64')}`;

/** A stand-in that takes one password at a time. */
async function start(): Promise<DeliveryPeer> {
  let state: 'Up' | 'Down' | 'Busy' = 'Up';
  const server = await startSearchServer({ product: 'OpenSearch' });
  let expected = user('first-pa55word-of-search');
  server.intercept = (request, response) => {
    if (state === 'Down') response.socket?.destroy();
    else if (request.headers.authorization !== expected) response.writeHead(401).end();
    else return false;
    return true;
  };
  // a full queue refuses some documents of a request and takes the others
  let number = 0;
  server.refuse = () => {
    number += 1;
    if (state !== 'Busy' || number % 2 === 0) return undefined;
    return { status: 429, error: { type: 'es_rejected_execution_exception', reason: 'queue is full' } };
  };
  return {
    written: {
      hosts: [server.url],
      index: 'kube-events',
      username: 'eventroute',
      passwordSecretRef: { name: 'search', key: 'password' },
    },
    secrets: { search: { password: 'first-pa55word-of-search' } },
    wrongSecrets: { search: { password: 'wr0ng-pa55word-of-search' } },
    arrived: () => server.documents.map(({ id }) => id),
    goDown: () => void (state = 'Down'),
    comeBack: () => void (state = 'Up'),
    rotate: () => {
      expected = user('second-pa55word-of-search');
      return { search: { password: 'second-pa55word-of-search' } };
    },
    throttle: () => {
      state = 'Busy';
      setTimeout(() => (state = 'Up'), 300);
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

describeDelivery('OpenSearch', { sinkName: 'opensearch', start, speed: 5 });

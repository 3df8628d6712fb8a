import { type SeenRequest, startServer } from '../sink-kit/http-server.ts';
import { describeDelivery, type DeliveryPeer } from './delivery-contract.ts';

/** An HTTP Event Collector that takes one token at a time. With `ack`, what it took is in the index a moment later. */
async function start(ack: boolean): Promise<DeliveryPeer> {
  let token = 'first-t0ken-of-splunk';
  let state: 'Up' | 'Down' | 'Busy' = 'Up';
  let requests = 0;
  const indexedAtMs = new Map<number, number>();
  const arrived: string[] = [];
  const acknowledge = (body: string): unknown => {
    const [asked = -1] = (JSON.parse(body) as { acks: number[] }).acks;
    return { acks: { [asked]: performance.now() >= (indexedAtMs.get(asked) ?? Infinity) } };
  };
  const take = (body: string): unknown => {
    for (const line of body.split('\n')) {
      arrived.push((JSON.parse(line) as { fields: { eventroute_key: string } }).fields.eventroute_key);
    }
    indexedAtMs.set((requests += 1), performance.now() + 100);
    return { text: 'Success', code: 0, ...(ack && { ackId: requests }) };
  };
  const answer = ({ url, headers, body }: SeenRequest): [number, unknown] => {
    if (headers.authorization !== `Splunk ${token}`) return [403, { text: 'Invalid token', code: 4 }];
    if (body === '') return [400, { text: 'No data', code: 5 }];
    if (url.endsWith('/ack')) return [200, acknowledge(body)];
    if (state === 'Busy') return [503, { text: 'Server is busy', code: 9, 'invalid-event-number': 0 }];
    return [200, take(body)];
  };
  const server = await startServer((response, request) => {
    if (state === 'Down') return void response.socket?.destroy();
    const [status, said] = answer(request);
    response.writeHead(status).end(JSON.stringify(said));
  });
  return {
    written: { url: server.url, tokenSecretRef: { name: 'splunk', key: 'token' }, ack },
    // In order, the next event about an object waits until the one before is in the index.
    ...(ack && { delivery: { ordering: 'None' } }),
    secrets: { splunk: { token } },
    wrongSecrets: { splunk: { token: 'wr0ng-t0ken-of-splunk' } },
    arrived: () => arrived,
    goDown: () => void (state = 'Down'),
    comeBack: () => void (state = 'Up'),
    rotate: () => {
      token = 'second-t0ken-of-splunk';
      return { splunk: { token } };
    },
    throttle: () => {
      state = 'Busy';
      setTimeout(() => (state = 'Up'), 300);
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

describeDelivery('Splunk', { sinkName: 'splunk', start: () => start(false), speed: 5 });
describeDelivery('Splunk with acknowledgements', { sinkName: 'splunk', start: () => start(true), speed: 5 });

import { startServer } from '../sink-kit/http-server.ts';
import { describeDelivery, type DeliveryPeer } from './delivery-contract.ts';

/** An HTTP server that takes one token at a time. */
async function start(): Promise<DeliveryPeer> {
  let token = 'first-t0ken-of-the-hook';
  let state: 'Up' | 'Down' | 'Busy' = 'Up';
  const arrived: string[] = [];
  const server = await startServer((response, request) => {
    if (state === 'Down') return void response.socket?.destroy();
    if (request.headers.authorization !== `Bearer ${token}`) return void response.writeHead(401).end();
    if (state === 'Busy') return void response.writeHead(429, { 'retry-after': '1' }).end();
    arrived.push(String(request.headers['idempotency-key']));
    response.writeHead(200).end();
  });
  return {
    written: { endpoint: server.url, bearer: { tokenSecretRef: { name: 'hook', key: 'token' } } },
    secrets: { hook: { token } },
    wrongSecrets: { hook: { token: 'wr0ng-t0ken-of-the-hook' } },
    arrived: () => arrived,
    goDown: () => void (state = 'Down'),
    comeBack: () => void (state = 'Up'),
    rotate: () => {
      token = 'second-t0ken-of-the-hook';
      return { hook: { token } };
    },
    throttle: () => {
      state = 'Busy';
      setTimeout(() => (state = 'Up'), 300);
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

describeDelivery('a webhook', { sinkName: 'webhook', start, speed: 5 });

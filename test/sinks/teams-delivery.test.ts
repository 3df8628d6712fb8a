import { startServer } from '../sink-kit/http-server.ts';
import { describeDelivery, type DeliveryPeer } from './delivery-contract.ts';

const busy =
  'Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error 429 with ContextId tcid=0';

/** A workflow of Teams as a stand-in; its signature is the one credential there is. */
async function start(): Promise<DeliveryPeer> {
  let signature = 'first-signature-of-the-workflow';
  let state: 'Up' | 'Down' | 'Busy' = 'Up';
  const arrived: string[] = [];
  const server = await startServer((response, { url, headers }) => {
    if (state === 'Down') return void response.socket?.destroy();
    if (!url.endsWith(`sig=${signature}`)) return void response.writeHead(401).end();
    if (state === 'Busy') return void response.writeHead(200, { 'retry-after': '1' }).end(busy);
    arrived.push(String(headers['idempotency-key']));
    response.writeHead(202).end();
  });
  const secretsWith = (sig: string) => ({ teams: { url: `${server.url}/workflows/x?sig=${sig}` } });
  return {
    written: { endpointSecretRef: { name: 'teams', key: 'url' } },
    delivery: { concurrency: 4 },
    secrets: secretsWith(signature),
    wrongSecrets: secretsWith('wrong-signature-of-the-workflow'),
    arrived: () => arrived,
    goDown: () => void (state = 'Down'),
    comeBack: () => void (state = 'Up'),
    rotate: () => {
      signature = 'second-signature-of-the-workflow';
      return secretsWith(signature);
    },
    throttle: () => {
      state = 'Busy';
      setTimeout(() => (state = 'Up'), 300);
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

describeDelivery('teams', { sinkName: 'teams', start, speed: 5 });

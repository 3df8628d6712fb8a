import { startServer } from '../sink-kit/http-server.ts';
import { describeDelivery, type DeliveryPeer } from './delivery-contract.ts';

interface Push {
  readonly streams: readonly { readonly values: readonly [string, string, { eventroute_key: string }][] }[];
}

/** Loki behind a gateway that takes one password at a time. */
async function start(): Promise<DeliveryPeer> {
  let password = 'first-passw0rd-of-loki';
  let state: 'Up' | 'Down' | 'Busy' = 'Up';
  const arrived: string[] = [];
  const server = await startServer((response, { headers, body }) => {
    if (state === 'Down') return void response.socket?.destroy();
    const basic = `Basic ${Buffer.from(`er:${password}`).toString('base64')}`;
    if (headers.authorization !== basic) return void response.writeHead(401).end();
    const entries = (JSON.parse(body) as Push).streams.flatMap(({ values }) => values);
    if (state === 'Busy' && entries.length > 0) return void response.writeHead(429).end();
    arrived.push(...entries.map(([, , metadata]) => metadata.eventroute_key));
    response.writeHead(204).end();
  });
  return {
    written: {
      url: server.url,
      basic: { username: 'er', passwordSecretRef: { name: 'loki', key: 'password' } },
      streamLabels: { namespace: '{{ .InvolvedObject.Namespace }}', object: '{{ .InvolvedObject.Name }}' },
    },
    secrets: { loki: { password } },
    wrongSecrets: { loki: { password: 'wr0ng-password-of-loki' } },
    arrived: () => arrived,
    goDown: () => void (state = 'Down'),
    comeBack: () => void (state = 'Up'),
    rotate: () => {
      password = 'second-passw0rd-of-loki';
      return { loki: { password } };
    },
    throttle: () => {
      state = 'Busy';
      setTimeout(() => (state = 'Up'), 300);
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

describeDelivery('Loki', { sinkName: 'loki', start, speed: 5 });

import { describeDelivery, type DeliveryPeer } from './delivery-contract.ts';
import { startOpsgenie } from './opsgenie-server.ts';

/** Opsgenie's Alert API as a stand-in, with one key at a time. */
async function start(): Promise<DeliveryPeer> {
  const server = await startOpsgenie('first-key-of-the-integration');
  let state: 'Up' | 'Down' | 'Busy' = 'Up';
  server.override = ({ method }) => {
    if (state === 'Down') return 'Reset';
    if (state === 'Up' || method === 'GET') return undefined;
    return {
      status: 429,
      headers: { 'x-ratelimit-period-in-sec': '1' },
      body: { message: 'too many requests' },
    };
  };
  return {
    written: { apiKeySecretRef: { name: 'opsgenie', key: 'apiKey' }, url: server.url, alias: '{{ .UID }}' },
    secrets: { opsgenie: { apiKey: server.apiKey } },
    wrongSecrets: { opsgenie: { apiKey: 'wrong-key-of-the-integration' } },
    arrived: () => server.created.map(({ alias }) => String(alias)),
    goDown: () => void (state = 'Down'),
    comeBack: () => void (state = 'Up'),
    rotate: () => {
      server.apiKey = 'second-key-of-the-integration';
      return { opsgenie: { apiKey: server.apiKey } };
    },
    throttle: () => {
      state = 'Busy';
      setTimeout(() => (state = 'Up'), 300);
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

// An alias is the identity of an Event, which is what every copy of it has in common.
describeDelivery('opsgenie', { sinkName: 'opsgenie', start, speed: 5, identify: ({ event }) => event.uid });

import { describeDelivery, type DeliveryPeer } from './delivery-contract.ts';
import { startSlack } from './slack-server.ts';

/** Slack's Web API as a stand-in, with one token at a time. */
async function start(): Promise<DeliveryPeer> {
  const server = await startSlack('xoxb-first-token-of-the-app');
  let state: 'Up' | 'Down' | 'Busy' = 'Up';
  server.override = ({ method }) => {
    if (state === 'Down') return 'Reset';
    if (state === 'Up' || method !== 'chat.postMessage') return undefined;
    return { status: 429, headers: { 'retry-after': '1' }, body: { ok: false, error: 'ratelimited' } };
  };
  const keyOf = ({ metadata }: Readonly<Record<string, unknown>>) =>
    (metadata as { event_payload: { idempotency_key: string } }).event_payload.idempotency_key;
  return {
    written: {
      tokenSecretRef: { name: 'slack', key: 'token' },
      channel: 'C0123456789',
      thread: 'InvolvedObject',
      apiUrl: server.apiUrl,
    },
    delivery: { concurrency: 8 },
    secrets: { slack: { token: server.token } },
    wrongSecrets: { slack: { token: 'xoxb-wrong-token-of-the-app' } },
    arrived: () => server.posted.map(keyOf),
    goDown: () => void (state = 'Down'),
    comeBack: () => void (state = 'Up'),
    rotate: () => {
      server.token = 'xoxb-second-token-of-the-app';
      return { slack: { token: server.token } };
    },
    throttle: () => {
      state = 'Busy';
      setTimeout(() => (state = 'Up'), 300);
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

describeDelivery('slack', { sinkName: 'slack', start, speed: 5 });

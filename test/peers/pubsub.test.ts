import { JWT } from 'google-auth-library';

import { exporterJson } from '../../operator/event/exporter-json.ts';
import pubsub from '../../operator/sinks/pubsub.ts';
import { openWritten, thrownBy } from '../sinks/contract.ts';
import { describeDelivery, type DeliveryPeer } from '../sinks/delivery-contract.ts';
import { serviceAccountKey } from '../sinks/google-key.ts';
import { noAbort, numberedEvent, outgoing, sinkContext, sinkEvent } from '../sinks/sink-event.ts';
import { type PubsubPeer, startPubsubPeer } from './pubsub.ts';
import { strangeEvents } from './strange-events.ts';

const emailOf = (who: string): string => `${who}@key-project.iam.gserviceaccount.com`;
const keyOf = (who: string): string => serviceAccountKey({ client_email: emailOf(who) });
const secretsOf = (who: string) => ({ google: { 'key.json': keyOf(who) } });
const credentialsSecretRef = { name: 'google', key: 'key.json' };

/** A token as Google's own library makes it, for the clients of the test. */
const { private_key: key } = JSON.parse(keyOf('any')) as { private_key: string };
const tokens = new Map<string, string>();
async function makeToken(email: string): Promise<void> {
  const headers = await new JWT({ email, key }).getRequestHeaders('https://pubsub.googleapis.com/');
  tokens.set(email, headers.get('authorization') ?? '');
}

describe('Pub/Sub', () => {
  let peer: PubsubPeer;
  let topics = 0;

  beforeAll(async () => {
    await Promise.all(['first', 'second'].map((who) => makeToken(emailOf(who))));
    peer = await startPubsubPeer(emailOf('first'), (email) => tokens.get(email) ?? '');
  }, 400_000);
  afterAll(() => peer[Symbol.asyncDispose]());

  const reach = () => ({
    projectId: 'p1',
    endpoint: `localhost:${peer.network.port}`,
    tls: { ca: peer.ca },
    credentialsSecretRef,
  });
  const open = (fields: Record<string, unknown>, context = sinkContext()) =>
    openWritten(pubsub, { written: { ...reach(), ...fields }, secrets: secretsOf('first') }, context);
  const createTopic = async (): Promise<string> => {
    const name = `projects/p1/topics/events-${(topics += 1)}`;
    await peer.createTopic(name);
    return name;
  };

  it('holds each event whole, with its attributes', async () => {
    const topic = await createTopic();
    const pull = await peer.subscribe(topic);
    const events = [
      ...strangeEvents(),
      ...Array.from({ length: 1_200 }, (_, number) => numberedEvent(number)),
    ];
    await using sink = await open({ topic, attributes: { cause: '{{ .Reason }}' } });

    await sink.check?.(noAbort);
    await sink.send(outgoing(sink, events), noAbort);

    const pulled = await pull();
    expect(pulled.map(({ data }) => data).sort()).toEqual(
      events.map(({ event }) => exporterJson(event)).sort(),
    );
    expect(pulled.map(({ attributes }) => attributes.idempotencyKey).sort()).toEqual(
      events.map((each) => each.key).sort(),
    );
    expect(pulled[0]?.attributes).toMatchObject({ cause: 'BackOff', kind: 'Pod', cluster: 'prod' });
  });

  it('hands on the events of each ordering key in order', async () => {
    const topic = await createTopic();
    const pull = await peer.subscribe(topic);
    await using sink = await open({ topic, orderingKey: '{{ .InvolvedObject.UID }}' });
    const events = Array.from({ length: 60 }, (_, number) =>
      sinkEvent({
        metadata: { name: `e-${number}`, namespace: 'shop', uid: `uid-${number}` },
        involvedObject: { kind: 'Pod', namespace: 'shop', name: 'web', uid: `pod-${number % 7}` },
        message: String(number),
      }),
    );

    await sink.send(outgoing(sink, events), noAbort);

    const pulled = await pull();
    const byKey = Map.groupBy(pulled, ({ orderingKey }) => orderingKey);
    expect([...byKey.keys()].sort()).toEqual([0, 1, 2, 3, 4, 5, 6].map((number) => `pod-${number}`));
    for (const messages of byKey.values()) {
      const numbers = messages.map(({ data }) => Number((JSON.parse(data) as { message: string }).message));
      expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
    }
    expect(pulled).toHaveLength(60);
  });

  it('is given its topic when it has none', async () => {
    await using sink = await open({ topic: 'made-by-us', createTopic: true });

    await sink.send(outgoing(sink, [sinkEvent()]), noAbort);
    await using again = await open({ topic: 'made-by-us', createTopic: true });
    await again.check?.(noAbort);
    await again.send(outgoing(again, [sinkEvent()]), noAbort);
  });

  it('tells wrong port, certificate, credentials and topic apart', async () => {
    const topic = await createTopic();
    await using closed = await open({ topic, endpoint: 'localhost:1' });
    await using stranger = await open({ topic, tls: {} });
    await using nobody = await openWritten(pubsub, {
      written: { ...reach(), topic },
      secrets: secretsOf('nobody'),
    });
    await using missing = await open({ topic: 'nowhere' });

    const errors = [];
    for (const sink of [closed, stranger, nobody, missing]) errors.push(await thrownBy(sink.check!(noAbort)));

    expect(errors.map(({ reason }) => reason)).toEqual([
      'Unreachable',
      'TLSFailed',
      'Unauthorized',
      'TargetNotFound',
    ]);
    expect(new Set(errors.map(({ message }) => message)).size).toBe(4);
  });

  async function startRun(fields: Record<string, unknown> = {}): Promise<DeliveryPeer> {
    const topic = await createTopic();
    const pull = await peer.subscribe(topic);
    const arrived: string[] = [];
    return {
      written: { ...reach(), topic, ...fields },
      secrets: secretsOf('first'),
      wrongSecrets: secretsOf('nobody'),
      arrived: async () => {
        arrived.push(...(await pull()).map(({ attributes }) => attributes.idempotencyKey ?? ''));
        return arrived;
      },
      goDown: () => peer.network.cut(),
      comeBack: () => peer.network.mend(),
      rotate: async () => {
        await peer.allow(emailOf('second'));
        return secretsOf('second');
      },
      throttle: async () => {
        await peer.setBusy(true);
        setTimeout(() => void peer.setBusy(false), 1_000);
      },
      [Symbol.asyncDispose]: async () => {
        await peer.setBusy(false);
        await peer.allow(emailOf('first'));
      },
    };
  }

  describeDelivery('Pub/Sub', { sinkName: 'pubsub', start: startRun });
  describeDelivery('Pub/Sub in order', {
    sinkName: 'pubsub',
    start: async () => {
      const { written, secrets, arrived, goDown, comeBack, ...rest } = await startRun({
        orderingKey: '{{ .InvolvedObject.UID }}',
      });
      return {
        written,
        secrets,
        arrived,
        goDown,
        comeBack,
        [Symbol.asyncDispose]: rest[Symbol.asyncDispose],
      };
    },
  });
});

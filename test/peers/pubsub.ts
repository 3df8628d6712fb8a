import { readFile, rm, writeFile } from 'node:fs/promises';
import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';

import { type protos, v1 } from '@google-cloud/pubsub';
import { credentials, Metadata } from '@grpc/grpc-js';
import { GoogleAuth } from 'google-auth-library';

import { findFreePorts } from '../cluster/server.ts';
import { createAuthority, issue } from '../sink-kit/certificates.ts';
import { goProgram } from './kit/packages.ts';
import { createPeerFolder, startPeer } from './kit/peer-process.ts';
import { startTcpProxy, type TcpProxy } from './kit/tcp-proxy.ts';

/** A message as a subscriber gets it. */
export interface PulledMessage {
  readonly data: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly orderingKey: string;
}

/** Google's own Pub/Sub for tests, by TLS. */
export interface PubsubPeer extends AsyncDisposable {
  readonly port: number;
  /** The authority of its certificate, in PEM. */
  readonly ca: string;
  /** A way to it that can be cut. */
  readonly network: TcpProxy;
  /** From now on this service account alone may call. */
  allow(email: string): Promise<void>;
  /** Publishers are asked to slow down, or no longer. */
  setBusy(isBusy: boolean): Promise<void>;
  createTopic(topic: string): Promise<void>;
  /** Subscribes to a topic; the function gives what came since it was last called. */
  subscribe(topic: string): Promise<() => Promise<PulledMessage[]>>;
}

const version = '2.5.0';

/** Starts it with no topics. `token` makes the Authorization header of a service account. */
export async function startPubsubPeer(email: string, token: (email: string) => string): Promise<PubsubPeer> {
  const binary = await buildServer();
  const home = await createPeerFolder('pubsub');
  const [port = 0] = await findFreePorts(1);
  const file = (name: string): string => join(home.path, name);
  const authority = await createAuthority('Pub/Sub of the test');
  const pair = await issue(authority, ['127.0.0.1', 'localhost']);
  await Promise.all([
    writeFile(file('tls.crt'), pair.cert),
    writeFile(file('tls.key'), pair.key),
    writeFile(file('issuer'), email),
  ]);
  await startPeer({
    name: 'Pub/Sub',
    binary,
    args: [
      ...['-port', String(port), '-cert', file('tls.crt'), '-key', file('tls.key')],
      ...['-issuer', file('issuer'), '-busy', file('busy')],
    ],
    home,
    probe: async () => {
      const socket = connect(port, '127.0.0.1');
      await once(socket, 'connect');
      socket.destroy();
      return true;
    },
  });
  let allowed = email;
  const network = await startTcpProxy(port);
  // The clients of the test are whoever may call at the moment.
  const caller = credentials.createFromMetadataGenerator((_, done) => {
    const metadata = new Metadata();
    metadata.set('authorization', token(allowed));
    done(null, metadata);
  });
  const options = {
    servicePath: 'localhost',
    port,
    universeDomain: 'googleapis.com',
    auth: new GoogleAuth({ clientOptions: { universeDomain: 'googleapis.com' } }),
    sslCreds: credentials.combineChannelCredentials(
      credentials.createSsl(Buffer.from(authority.cert)),
      caller,
    ),
  };
  const [publisher, subscriber] = [new v1.PublisherClient(options), new v1.SubscriberClient(options)];
  return {
    port,
    ca: authority.cert,
    network,
    allow: async (who) => {
      allowed = who;
      await writeFile(file('issuer'), who);
    },
    setBusy: (isBusy) => (isBusy ? writeFile(file('busy'), '') : rm(file('busy'), { force: true })),
    createTopic: async (topic) => {
      await publisher.createTopic({ name: topic });
    },
    subscribe: async (topic) => {
      const subscription = `${topic.replace('/topics/', '/subscriptions/')}-reader`;
      await subscriber.createSubscription({ name: subscription, topic, enableMessageOrdering: true });
      return () => pullAll(subscriber, subscription);
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([publisher.close(), subscriber.close()]);
      await network.cut();
      await home[Symbol.asyncDispose]();
    },
  };
}

async function pullAll(subscriber: v1.SubscriberClient, subscription: string): Promise<PulledMessage[]> {
  const pulled: PulledMessage[] = [];
  for (;;) {
    const [{ receivedMessages }] = await subscriber.pull({
      subscription,
      maxMessages: 1_000,
      returnImmediately: true,
    });
    const received = receivedMessages ?? [];
    if (received.length === 0) return pulled;
    await subscriber.acknowledge({ subscription, ackIds: received.map(({ ackId }) => ackId ?? '') });
    pulled.push(...received.map(({ message }) => readMessage(message ?? {})));
  }
}

function readMessage({
  data,
  attributes,
  orderingKey,
}: protos.google.pubsub.v1.IPubsubMessage): PulledMessage {
  return {
    data: Buffer.from(data as Uint8Array).toString(),
    attributes: attributes ?? {},
    orderingKey: orderingKey ?? '',
  };
}

async function buildServer(): Promise<string> {
  const source = join(import.meta.dirname, 'pubsub');
  const [goMod, main] = await Promise.all([
    readFile(join(source, 'go.mod'), 'utf8'),
    readFile(join(source, 'main.go'), 'utf8'),
  ]);
  return goProgram(`pubsub-${version}`, { goMod, main });
}

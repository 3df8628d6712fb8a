import { status } from '@grpc/grpc-js';

import { createAuthority, issue, type Pair } from '../sink-kit/certificates.ts';
import { apiError, startBigQueryServer } from './bigquery-server.ts';
import { describeDelivery, type DeliveryPeer } from './delivery-contract.ts';
import { serviceAccountKey, signerOf } from './google-key.ts';
import { startPubsubServer } from './pubsub-server.ts';

const email = (who: string) => `${who}@key-project.iam.gserviceaccount.com`;
const secretsOf = (who: string) => ({
  google: { 'key.json': serviceAccountKey({ client_email: email(who) }) },
});
const credentialsSecretRef = { name: 'google', key: 'key.json' };

async function startTls(): Promise<{ authority: Pair; certificate: Pair }> {
  const authority = await createAuthority('Google of the test');
  return { authority, certificate: await issue(authority, ['127.0.0.1']) };
}

/** What both stand-ins take: one service account at a time, and nothing while they are busy. */
function createDoor() {
  let who = 'first';
  let isBusy = false;
  return {
    lets: (authorization: string | undefined) => signerOf(authorization) === email(who),
    isBusy: () => isBusy,
    peer: {
      secrets: secretsOf('first'),
      wrongSecrets: secretsOf('wrong'),
      rotate: () => {
        who = 'second';
        return secretsOf('second');
      },
      throttle: () => {
        isBusy = true;
        setTimeout(() => (isBusy = false), 300);
      },
    },
  };
}

async function startPubsub(): Promise<DeliveryPeer> {
  const { authority, certificate } = await startTls();
  const server = await startPubsubServer(certificate);
  const door = createDoor();
  server.topics.add('projects/p1/topics/events');
  server.judge = ({ metadata }) => {
    if (!door.lets(metadata.authorization)) return { code: status.UNAUTHENTICATED, details: 'Who are you?' };
    return door.isBusy() ? { code: status.RESOURCE_EXHAUSTED, details: 'Quota exceeded' } : undefined;
  };
  return {
    ...door.peer,
    written: {
      projectId: 'p1',
      topic: 'events',
      endpoint: server.host,
      tls: { ca: authority.cert },
      credentialsSecretRef,
    },
    arrived: () => server.messages.map(({ attributes }) => attributes.idempotencyKey ?? ''),
    goDown: server.cut,
    comeBack: server.mend,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

async function startBigQuery(): Promise<DeliveryPeer> {
  const { authority, certificate } = await startTls();
  const fake = await startBigQueryServer(certificate);
  const door = createDoor();
  let isDown = false;
  fake.judge = ({ authorization }) => {
    if (isDown) return apiError(503, 'backendError');
    if (!door.lets(authorization)) return apiError(401, 'authError');
    return door.isBusy() ? apiError(403, 'rateLimitExceeded') : undefined;
  };
  return {
    ...door.peer,
    written: {
      projectId: 'p1',
      dataset: 'kubernetes',
      table: 'events',
      endpoint: fake.server.url,
      tls: { ca: authority.cert },
      credentialsSecretRef,
    },
    arrived: () => fake.rows.map(({ insertId }) => insertId),
    goDown: () => {
      isDown = true;
      for (const socket of fake.server.sockets) socket.destroy();
    },
    comeBack: () => void (isDown = false),
    [Symbol.asyncDispose]: () => fake[Symbol.asyncDispose](),
  };
}

describeDelivery('Pub/Sub', { sinkName: 'pubsub', start: startPubsub, speed: 5 });
describeDelivery('BigQuery', { sinkName: 'bigquery', start: startBigQuery, speed: 5 });

import { setTimeout as sleep } from 'node:timers/promises';

import { type DeliveryPeer, type Secrets } from '../sinks/delivery-contract.ts';
import { startFauxqs } from './fauxqs.ts';
import { startTcpProxy } from './kit/tcp-proxy.ts';
import { type Keys, type Moto, region, startMoto } from './moto.ts';

/** A service of AWS that events are sent to, and read from by its own means. */
export interface AwsPeer {
  /** The actions that sending and checking need, as moto names them. */
  readonly actions: readonly string[];
  /** Makes what is sent to; gives the sink's fields, and a reader of what has arrived since it was last asked. */
  readonly prepare: (moto: Moto) => Promise<{
    readonly fields: Readonly<Record<string, unknown>>;
    readonly read: () => Promise<readonly string[]>;
    /** `read` gives all that ever arrived, each time. */
    readonly readsAll?: boolean;
    readonly close?: () => void;
  }>;
  /** Finds the identity of an event in what was read. */
  readonly identify: (text: string) => string;
}

/** A service whose stand-in takes any key: only its outage can be shown. */
export type FastPeer = Pick<AwsPeer, 'identify'> & {
  readonly prepare: (admin: Moto['admin']) => ReturnType<AwsPeer['prepare']>;
};

const user = 'eventroute';

/** The Secret that holds an access key. */
export function secretsOf({ accessKeyId, secretAccessKey }: Keys): Secrets {
  return { aws: { id: accessKeyId, secret: secretAccessKey } };
}

/** The fields by which a sink reaches moto through the network that can be cut, with the key of `secretsOf`. */
export function reachMoto(moto: Pick<Moto, 'network'>): Record<string, unknown> {
  return {
    endpoint: `http://127.0.0.1:${moto.network.port}`,
    region,
    accessKeyIdSecretRef: { name: 'aws', key: 'id' },
    secretAccessKeySecretRef: { name: 'aws', key: 'secret' },
  };
}

/** The uid of the event in a JSON document. */
export function uidIn(json: string): string {
  return (JSON.parse(json) as { metadata: { uid: string } }).metadata.uid;
}

/** Starts moto with a service in it, as the delivery contract wants it. */
export async function startAwsPeer({ actions, prepare, identify }: AwsPeer): Promise<DeliveryPeer> {
  const moto = await startMoto();
  const { fields, read, readsAll = false, close } = await prepare(moto);
  let keys = await moto.createUser(user, actions);
  const drain = readsAll ? undefined : startDrain(read, identify);
  return {
    written: { ...fields, ...reachMoto(moto) },
    secrets: secretsOf(keys),
    wrongSecrets: secretsOf({ ...keys, secretAccessKey: 'wr0ng/secret+of+the+key' }),
    arrived: async () => drain?.arrived ?? (await read()).map(identify),
    goDown: () => moto.network.cut(),
    comeBack: () => moto.network.mend(),
    rotate: async () => secretsOf((keys = await moto.renewKey(user, keys))),
    async [Symbol.asyncDispose]() {
      await drain?.stop();
      close?.();
      await moto[Symbol.asyncDispose]();
    },
  };
}

/** Starts fauxqs with a queue or topic in it: moto's queues take longer the more they hold, too long for an outage. */
export async function startFastPeer({ prepare, identify }: FastPeer): Promise<DeliveryPeer> {
  const fauxqs = await startFauxqs();
  const network = await startTcpProxy(fauxqs.port);
  const keys = { accessKeyId: 'AKIAANYKEYWILLDO0001', secretAccessKey: 'any/secret+will+do' };
  const { fields, read, close } = await prepare({ region, endpoint: fauxqs.url, credentials: keys });
  const drain = startDrain(read, identify);
  return {
    written: { ...fields, ...reachMoto({ network }) },
    secrets: secretsOf(keys),
    arrived: () => drain.arrived,
    goDown: () => network.cut(),
    comeBack: () => network.mend(),
    async [Symbol.asyncDispose]() {
      await drain.stop();
      close?.();
      await network.cut();
      await fauxqs[Symbol.asyncDispose]();
    },
  };
}

interface Drain {
  readonly arrived: readonly string[];
  readonly stop: () => Promise<void>;
}

/** Reads all the time, so that a system holds little at once. */
function startDrain(read: () => Promise<readonly string[]>, identify: AwsPeer['identify']): Drain {
  const arrived: string[] = [];
  let isStopped = false;
  const work = async (): Promise<void> => {
    while (!isStopped) {
      arrived.push(...(await read()).map(identify));
      await sleep(100);
    }
  };
  const working = work();
  return {
    arrived,
    stop: async () => {
      isStopped = true;
      await working;
    },
  };
}

import { join } from 'node:path';

import { findFreePorts } from '../cluster/server.ts';
import { pythonEnvironment } from './kit/packages.ts';
import { createPeerFolder, startPeer } from './kit/peer-process.ts';
import { startTcpProxy, type TcpProxy } from './kit/tcp-proxy.ts';

/** An access key that moto knows. */
export interface Keys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** AWS's services as moto serves them: signatures and IAM policies are checked as AWS checks them. */
export interface Moto extends AsyncDisposable {
  readonly url: string;
  /** A way to moto that can be cut. */
  readonly network: TcpProxy;
  /** What a client of the AWS SDK that may do everything is made with. */
  readonly admin: { readonly region: string; readonly endpoint: string; readonly credentials: Keys };
  /** Makes a user that may do these actions (`sqs:SendMessage`), and a key of it. */
  createUser(name: string, actions: readonly string[]): Promise<Keys>;
  /** Makes a call of a service that speaks JSON, for which there is no client here. */
  call(service: string, target: string, input: object): Promise<unknown>;
  /** Makes another key of a user and takes the old one away. */
  renewKey(user: string, old: Keys): Promise<Keys>;
}

export const region = 'eu-central-1';
export const account = '123456789012';
const version = '5.2.5';

/** Starts moto with no state. */
export async function startMoto(): Promise<Moto> {
  const environment = await pythonEnvironment(`moto-${version}`, [`moto[server]==${version}`]);
  const home = await createPeerFolder('moto');
  const [port = 0] = await findFreePorts(1);
  const url = `http://127.0.0.1:${port}`;
  await startPeer({
    name: 'moto',
    binary: join(environment, 'bin/moto_server'),
    args: ['-H', '127.0.0.1', '-p', String(port)],
    env: { ...process.env, MOTO_ACCOUNT_ID: account },
    home,
    probe: async () => (await fetch(`${url}/moto-api/data.json`)).ok,
  });
  const iam = createIam(url);
  const network = await startTcpProxy(port);
  const credentials = await iam.createUser('admin', ['*']);
  await iam.setChecked(true);
  return {
    url,
    network,
    admin: { region, endpoint: url, credentials },
    createUser: (name, actions) => iam.unchecked(() => iam.createUser(name, actions)),
    call: (service, target, input) =>
      iam.unchecked(async () => {
        const response = await fetch(url, {
          method: 'POST',
          headers: {
            authorization: unsigned(service),
            'x-amz-target': target,
            'content-type': 'application/x-amz-json-1.1',
          },
          body: JSON.stringify(input),
        });
        const text = await response.text();
        if (!response.ok) throw new Error(`${target}: ${text}`);
        return text === '' ? undefined : (JSON.parse(text) as unknown);
      }),
    renewKey: (user, old) =>
      iam.unchecked(async () => {
        const keys = await iam.createKey(user);
        await iam.call({ Action: 'DeleteAccessKey', UserName: user, AccessKeyId: old.accessKeyId });
        return keys;
      }),
    async [Symbol.asyncDispose]() {
      await network.cut();
      await home[Symbol.asyncDispose]();
    },
  };
}

interface Iam {
  call(parameters: Readonly<Record<string, string>>): Promise<string>;
  createKey(user: string): Promise<Keys>;
  createUser(name: string, actions: readonly string[]): Promise<Keys>;
  setChecked(isChecked: boolean): Promise<void>;
  unchecked<T>(step: () => Promise<T>): Promise<T>;
}

/** IAM's query protocol, while moto does not look at signatures. */
function createIam(url: string): Iam {
  const call = async (parameters: Readonly<Record<string, string>>): Promise<string> => {
    const response = await fetch(url, {
      method: 'POST',
      headers: { authorization: unsigned('iam') },
      body: new URLSearchParams({ Version: '2010-05-08', ...parameters }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`IAM ${parameters.Action ?? ''}: ${text}`);
    return text;
  };
  const setChecked = async (isChecked: boolean): Promise<void> => {
    await fetch(`${url}/moto-api/reset-auth`, { method: 'POST', body: isChecked ? '0' : 'inf' });
  };
  const createKey = async (user: string): Promise<Keys> => {
    const xml = await call({ Action: 'CreateAccessKey', UserName: user });
    return { accessKeyId: valueIn(xml, 'AccessKeyId'), secretAccessKey: valueIn(xml, 'SecretAccessKey') };
  };
  return {
    call,
    createKey,
    setChecked,
    createUser: async (name, actions) => {
      const document = {
        Version: '2012-10-17',
        Statement: [{ Effect: 'Allow', Action: actions, Resource: '*' }],
      };
      await call({ Action: 'CreateUser', UserName: name });
      await call({
        Action: 'PutUserPolicy',
        UserName: name,
        PolicyName: 'own',
        PolicyDocument: JSON.stringify(document),
      });
      return createKey(name);
    },
    unchecked: async (step) => {
      await setChecked(false);
      try {
        return await step();
      } finally {
        await setChecked(true);
      }
    },
  };
}

/** What moto reads account, region and service from, while it does not look at the signature. */
function unsigned(service: string): string {
  return `AWS4-HMAC-SHA256 Credential=test/20260101/${region}/${service}/aws4_request, SignedHeaders=host, Signature=none`;
}

function valueIn(xml: string, name: string): string {
  const value = new RegExp(`<${name}>([^<]+)</${name}>`).exec(xml)?.[1];
  if (value === undefined) throw new Error(`no ${name} in ${xml}`);
  return value;
}

import { mkdir, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';

import kafkajs from 'kafkajs';

import { findFreePorts, type Server } from '../cluster/server.ts';
import { createAuthority, issue, type Pair } from '../sink-kit/certificates.ts';
import { run } from './kit/cache.ts';
import { mavenDependencies } from './kit/packages.ts';
import { createPeerFolder, type PeerFolder, startPeer } from './kit/peer-process.ts';

const version = '3.9.1';
const dependencies = [
  `org.apache.kafka:kafka_2.13:${version}`,
  `org.apache.kafka:kafka-tools:${version}`,
  'org.slf4j:slf4j-simple:1.7.36',
];
const listeners = ['PLAINTEXT', 'SASL', 'SSL', 'SASLSSL', 'MTLS', 'CONTROLLER'] as const;
const mechanisms = ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512', 'OAUTHBEARER'] as const;
const javaOptions = ['-Xms128m', '-Xmx384m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'];

/** A record as Kafka's own console consumer prints it. */
export interface ConsumedRecord {
  readonly timestamp: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly key: string;
  readonly value: string;
}

/** Apache Kafka with one broker that has a listener for each way to authenticate. Alice is a user; nobody may write to `forbidden`. */
export interface KafkaPeer extends AsyncDisposable {
  /** `host:port` of a listener. */
  address(listener: (typeof listeners)[number]): string;
  readonly authority: Pair;
  readonly client: Pair;
  createTopic(name: string, settings?: Readonly<Record<string, string>>): Promise<void>;
  /** Sets the password of a user for SCRAM. */
  setPassword(user: string, password: string): Promise<void>;
  /** Reads all of a topic with Kafka's own consumer. */
  consume(topic: string): Promise<ConsumedRecord[]>;
  /** Kills the broker; its data stays. */
  kill(): Promise<void>;
  start(): Promise<void>;
}

export const alicePassword = 'alice-secret';

/** Fetches and starts Kafka. */
export async function startKafka(): Promise<KafkaPeer> {
  const libraries = await mavenDependencies(`kafka-${version}`, dependencies);
  const home = await createPeerFolder('kafka');
  const ports = await findFreePorts(listeners.length);
  const authority = await createAuthority('Kafka CA');
  const [own, client] = await Promise.all([
    issue(authority, ['localhost', '127.0.0.1']),
    issue(authority, ['eventroute']),
  ]);
  const peer = new BrokerPeer({ home, libraries, ports, authority, client });
  await peer.prepare(own);
  await peer.start();
  await peer.forbid('forbidden');
  return peer;
}

interface Parts {
  readonly home: PeerFolder;
  readonly libraries: string;
  readonly ports: readonly number[];
  readonly authority: Pair;
  readonly client: Pair;
}

class BrokerPeer implements KafkaPeer {
  readonly #parts: Parts;
  readonly authority: Pair;
  readonly client: Pair;
  #server: Server | undefined;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.authority = parts.authority;
    this.client = parts.client;
  }

  address(listener: (typeof listeners)[number]): string {
    return `127.0.0.1:${this.#parts.ports[listeners.indexOf(listener)]}`;
  }

  async prepare(own: Pair): Promise<void> {
    const { path } = this.#parts.home;
    await mkdir(join(path, 'data'));
    await writeFile(join(path, 'keystore.pem'), `${own.key}\n${own.cert}\n${this.authority.cert}\n`);
    await writeFile(join(path, 'ca.crt'), this.authority.cert);
    await writeFile(join(path, 'server.properties'), this.#properties());
    await this.#java('kafka.tools.StorageTool', [
      'format',
      ...['-t', '4L6g3nShT-eMCtK--X86sw', '-c', join(path, 'server.properties')],
      ...['--add-scram', `SCRAM-SHA-256=[name=alice,password=${alicePassword}]`],
      ...['--add-scram', `SCRAM-SHA-512=[name=alice,password=${alicePassword}]`],
    ]);
  }

  async start(): Promise<void> {
    const { home } = this.#parts;
    this.#server = await startPeer({
      name: 'Kafka',
      binary: 'java',
      args: [...this.#javaArgs(), 'kafka.Kafka', join(home.path, 'server.properties')],
      home,
      probe: () => canConnect(this.#parts.ports[0] ?? 0),
    });
  }

  async kill(): Promise<void> {
    await this.#server?.stop(0);
  }

  async createTopic(name: string, settings: Readonly<Record<string, string>> = {}): Promise<void> {
    const configs = Object.entries(settings).flatMap(([key, value]) => ['--config', `${key}=${value}`]);
    await this.#tool('org.apache.kafka.tools.TopicCommand', ['--create', '--topic', name, ...configs]);
  }

  async setPassword(user: string, password: string): Promise<void> {
    await this.#tool('kafka.admin.ConfigCommand', [
      ...['--alter', '--entity-type', 'users', '--entity-name', user],
      ...['--add-config', `SCRAM-SHA-512=[password=${password}]`],
    ]);
  }

  async forbid(topic: string): Promise<void> {
    await this.createTopic(topic);
    const acl = ['--add', '--deny-principal', 'User:alice', '--operation', 'All', '--topic', topic];
    await this.#tool('kafka.admin.AclCommand', acl);
  }

  async consume(topic: string): Promise<ConsumedRecord[]> {
    const count = await this.#count(topic);
    if (count === 0) return [];
    const show = ['timestamp', 'headers', 'key'].flatMap((what) => ['--property', `print.${what}=true`]);
    const separator = ['--property', 'headers.separator=\u0002', '--property', 'key.separator=\u0001'];
    const output = await this.#tool('org.apache.kafka.tools.consumer.ConsoleConsumer', [
      ...['--topic', topic, '--partition', '0', '--offset', 'earliest', ...show, ...separator],
      ...['--max-messages', String(count), '--timeout-ms', '30000'],
    ]);
    return output.split('\n').filter(Boolean).map(readRecord);
  }

  async #count(topic: string): Promise<number> {
    const brokers = [this.address('PLAINTEXT')];
    const admin = new kafkajs.Kafka({ brokers, logLevel: kafkajs.logLevel.NOTHING }).admin();
    await admin.connect();
    const offsets = await admin.fetchTopicOffsets(topic);
    await admin.disconnect();
    return offsets.reduce((sum, { high, low }) => sum + Number(high) - Number(low), 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#parts.home[Symbol.asyncDispose]();
  }

  #tool(name: string, args: readonly string[]): Promise<string> {
    return this.#java(name, ['--bootstrap-server', this.address('PLAINTEXT'), ...args]);
  }

  #java(name: string, args: readonly string[]): Promise<string> {
    return run('java', [...this.#javaArgs(), name, ...args]);
  }

  #javaArgs(): string[] {
    const logging = '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn';
    return [...javaOptions, logging, '-cp', join(this.#parts.libraries, '*')];
  }

  #properties(): string {
    const { path } = this.#parts.home;
    const urls = listeners.map((name) => `${name}://${this.address(name)}`);
    const logins: Readonly<Record<(typeof mechanisms)[number], string>> = {
      PLAIN: `plain.PlainLoginModule required user_alice="${alicePassword}"`,
      'SCRAM-SHA-256': 'scram.ScramLoginModule required',
      'SCRAM-SHA-512': 'scram.ScramLoginModule required',
      OAUTHBEARER: 'oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub="broker"',
    };
    const sasl = ['sasl', 'saslssl'].flatMap((listener) =>
      mechanisms.map(
        (name) =>
          `listener.name.${listener}.${name.toLowerCase()}.sasl.jaas.config=org.apache.kafka.common.security.${logins[name]};`,
      ),
    );
    return [
      'process.roles=broker,controller',
      'node.id=1',
      `controller.quorum.voters=1@${this.address('CONTROLLER')}`,
      `listeners=${urls.join(',')}`,
      `advertised.listeners=${urls.slice(0, -1).join(',')}`,
      'listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SASL:SASL_PLAINTEXT,SSL:SSL,SASLSSL:SASL_SSL,MTLS:SSL',
      'controller.listener.names=CONTROLLER',
      'inter.broker.listener.name=PLAINTEXT',
      `sasl.enabled.mechanisms=${mechanisms.join(',')}`,
      ...sasl,
      'ssl.keystore.type=PEM',
      `ssl.keystore.location=${join(path, 'keystore.pem')}`,
      'ssl.truststore.type=PEM',
      `ssl.truststore.location=${join(path, 'ca.crt')}`,
      'listener.name.mtls.ssl.client.auth=required',
      'authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer',
      'super.users=User:ANONYMOUS',
      'allow.everyone.if.no.acl.found=true',
      `log.dirs=${join(path, 'data')}`,
      // one, so that reading takes no consumer group, which may take long to begin
      'num.partitions=1',
      'default.replication.factor=1',
      'offsets.topic.num.partitions=1',
      'offsets.topic.replication.factor=1',
      'transaction.state.log.num.partitions=1',
      'transaction.state.log.replication.factor=1',
      'transaction.state.log.min.isr=1',
      'group.initial.rebalance.delay.ms=0',
      'auto.create.topics.enable=true',
      '',
    ].join('\n');
  }
}

function readRecord(line: string): ConsumedRecord {
  const [timestamp = '', headers = '', key = '', ...value] = line.split('\u0001');
  const pairs = headers.split('\u0002').map((header) => {
    const colon = header.indexOf(':');
    return [header.slice(0, colon), header.slice(colon + 1)] as const;
  });
  return {
    timestamp: Number(timestamp.replace('CreateTime:', '')),
    headers: Object.fromEntries(pairs),
    key,
    value: value.join('\u0001'),
  };
}

function canConnect(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect(port, '127.0.0.1', () => resolve(true));
  socket.on('error', () => resolve(false));
  return promise.finally(() => socket.destroy());
}

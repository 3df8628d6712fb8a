import type { CallOptions, v1 } from '@google-cloud/pubsub';

import { DeliveryError, type SinkContext, type TlsConfig } from '../sink-kit/index.ts';
import { unlessAborted } from './abortable.ts';
import { type GoogleEndpoint } from './google-endpoint.ts';
import { type GoogleIdentity } from './google-identity.ts';
import { toPubsubError } from './pubsub-error.ts';
import { type PubsubMessage } from './pubsub-message.ts';
import { channelTls } from './pubsub-tls.ts';
import { createHostLookup, guardedTarget, type HostLookup } from './pubsub-resolver.ts';

/** What a sink asks of Pub/Sub; every method throws DeliveryError. */
export interface Publisher {
  /** Publishes messages by one request: all or none. */
  publish(topic: string, messages: readonly PubsubMessage[], signal: AbortSignal): Promise<void>;
  /** Asks for a topic. */
  getTopic(topic: string, signal: AbortSignal): Promise<void>;
  /** Asks for any topic of a project. */
  listTopics(projectId: string, signal: AbortSignal): Promise<void>;
  /** Tells whether we may publish; undefined when the server does not say. */
  mayPublish(topic: string, signal: AbortSignal): Promise<boolean | undefined>;
  /** Creates a topic; it is fine when there is one already. */
  createTopic(topic: string, signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

interface PublisherOptions {
  readonly endpoint: GoogleEndpoint;
  readonly identity: GoogleIdentity;
  readonly tls: TlsConfig | undefined;
  readonly context: Pick<SinkContext, 'isAddressAllowed'>;
}

/** The client's type is a class of protobuf.js, of which it takes plain data. */
type PermissionsRequest = Parameters<v1.PublisherClient['testIamPermissions']>[0];

/** Longer than any attempt: the signal of the attempt ends calls, and this only those that it forgot. */
const callTimeoutMs = 3_600_000;
/** Delivery waits between attempts; the connection has to be back by then. */
const reconnectMs = { initial: 200, most: 2_000 };
const alreadyExists = 6;
const unimplemented = 12;

/** Creates the way to Pub/Sub, by gRPC. */
export function createPublisher(options: PublisherOptions): Publisher {
  return new GrpcPublisher(options);
}

class GrpcPublisher implements Publisher {
  readonly #options: PublisherOptions;
  readonly #lookup: HostLookup;
  #client: Promise<v1.PublisherClient> | undefined;
  #isClosed = false;

  constructor(options: PublisherOptions) {
    this.#options = options;
    this.#lookup = createHostLookup(options.context.isAddressAllowed);
    // What is wrong with it is found when the sink is opened.
    channelTls(options.endpoint, options.tls);
  }

  async publish(topic: string, messages: readonly PubsubMessage[], signal: AbortSignal): Promise<void> {
    await this.#call({ topic, signal }, (client, options) =>
      client.publish({ topic, messages: [...messages] }, options),
    );
  }

  async getTopic(topic: string, signal: AbortSignal): Promise<void> {
    await this.#call({ topic, signal }, (client, options) => client.getTopic({ topic }, options));
  }

  async listTopics(projectId: string, signal: AbortSignal): Promise<void> {
    const request = { project: `projects/${projectId}`, pageSize: 1 };
    await this.#call({ signal }, (client, options) =>
      client.listTopics(request, { ...options, autoPaginate: false }),
    );
  }

  async mayPublish(topic: string, signal: AbortSignal): Promise<boolean | undefined> {
    const permission = 'pubsub.topics.publish';
    const request = { resource: topic, permissions: [permission] } as PermissionsRequest;
    try {
      const [{ permissions }] = await this.#call({ topic, signal }, (client, options) =>
        client.testIamPermissions(request, options),
      );
      return permissions.includes(permission);
    } catch (error) {
      if (codeOf(error) === unimplemented) return undefined;
      throw error;
    }
  }

  async createTopic(topic: string, signal: AbortSignal): Promise<void> {
    try {
      await this.#call({ topic, signal }, (client, options) => client.createTopic({ name: topic }, options));
    } catch (error) {
      if (codeOf(error) !== alreadyExists) throw error;
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#hangUp();
  }

  async #call<T>(
    { topic, signal }: { topic?: string; signal: AbortSignal },
    run: (client: v1.PublisherClient, options: CallOptions) => Promise<T>,
  ): Promise<T> {
    const { endpoint, identity } = this.#options;
    if (this.#isClosed)
      throw DeliveryError.retry(`the connection to ${endpoint.name} was closed`, 'ShuttingDown');
    signal.throwIfAborted();
    const headers = await identity.headers(signal);
    try {
      await unlessAborted(() => this.#lookup.checkProxied(endpoint.host), signal);
      const client = await this.#connect();
      // Without `retry: null` the client would retry for ten minutes by itself.
      const options: CallOptions = { signal, timeout: callTimeoutMs, retry: null, otherArgs: { headers } };
      return await unlessAborted(() => run(client, options), signal);
    } catch (error) {
      if (!signal.aborted) throw this.#explain(error, topic);
      // A connection that has gone silent would swallow the next attempt as well.
      if ((signal.reason as Error | undefined)?.name === 'TimeoutError') await this.#hangUp();
      throw signal.reason;
    }
  }

  #explain(error: unknown, topic: string | undefined): DeliveryError {
    const endpoint = this.#options.endpoint.name;
    return toPubsubError(error, { endpoint, topic, lookupError: this.#lookup.lastError });
  }

  /** Makes the client; no connection is made before the first call. */
  async #connect(): Promise<v1.PublisherClient> {
    const creating = (this.#client ??= this.#create());
    try {
      return await creating;
    } catch (error) {
      if (this.#client === creating) this.#client = undefined;
      throw error;
    }
  }

  async #create(): Promise<v1.PublisherClient> {
    const { endpoint, identity, tls } = this.#options;
    const [{ v1 }, { credentials, logVerbosity, setLogVerbosity }, { GoogleAuth }] = await Promise.all([
      import('@google-cloud/pubsub'),
      import('@grpc/grpc-js'),
      import('google-auth-library'),
    ]);
    setLogVerbosity(logVerbosity.NONE);
    const { servicePath, port, options } = guardedTarget(endpoint, this.#lookup);
    const { serverName, ...secure } = channelTls(endpoint, tls);
    const client = new v1.PublisherClient({
      servicePath,
      port,
      universeDomain: identity.universe,
      // Calls carry their own headers: so a failure to get a token is told as what it is.
      auth: new GoogleAuth({ clientOptions: { universeDomain: identity.universe } }),
      sslCreds: endpoint.isPlain
        ? credentials.createInsecure()
        : credentials.createFromSecureContext(secure.context, secure.verifyOptions),
      'grpc.use_local_subchannel_pool': 1,
      'grpc.enable_retries': 0,
      'grpc.initial_reconnect_backoff_ms': reconnectMs.initial,
      'grpc.max_reconnect_backoff_ms': reconnectMs.most,
      ...(serverName !== undefined && { 'grpc.ssl_target_name_override': serverName }),
      ...options,
    });
    // Methods start this by themselves, and then a failure would end the process as an unhandled rejection.
    await client.initialize();
    return client;
  }

  async #hangUp(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    await client?.then((each) => each.close()).catch(() => undefined);
  }
}

/** gRPC's code of what a call failed with. */
function codeOf(error: unknown): number | undefined {
  const cause = error instanceof DeliveryError ? error.cause : undefined;
  return (cause as { code?: number } | undefined)?.code;
}

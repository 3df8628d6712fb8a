import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

import type { ISocketFactory, ISocketFactoryArgs } from 'kafkajs';

import {
  type AddressGuard,
  createGuardedLookup,
  DeliveryError,
  refuseLiteralAddress,
  type TlsOptions,
  toDeliveryError,
} from '../sink-kit/index.ts';
import { formatHostPort, type HostPort } from './host-port.ts';

const keepAliveMs = 60_000;

/** How the connections of a client are made. */
export interface KafkaNetworkOptions {
  readonly brokers: readonly HostPort[];
  readonly tls: TlsOptions | undefined;
  readonly isAddressAllowed: AddressGuard | undefined;
}

/** The connections of one client. kafkajs keeps neither them nor the causes of their failures within reach. */
export interface KafkaNetwork {
  /** The brokers to begin with, as kafkajs takes them. */
  readonly seeds: string[];
  readonly socketFactory: ISocketFactory;
  /** What failed a connection last, in words for people; undefined when none failed since `forget`. */
  readonly failure: DeliveryError | undefined;
  forget(): void;
  /** Ends every connection, and those that are asked for from now on. */
  destroy(): void;
}

/** Creates the network of one client. */
export function createKafkaNetwork(options: KafkaNetworkOptions): KafkaNetwork {
  return new SocketNetwork(options);
}

class SocketNetwork implements KafkaNetwork {
  readonly #options: KafkaNetworkOptions;
  readonly #sockets = new Set<Socket>();
  readonly #byAlias: ReadonlyMap<string, HostPort>;
  readonly seeds: string[];
  #isDestroyed = false;
  failure: DeliveryError | undefined;

  constructor(options: KafkaNetworkOptions) {
    this.#options = options;
    const named = options.brokers.map((broker, index) => [seedName(broker, index), broker] as const);
    this.#byAlias = new Map(named.filter(([name, { host }]) => name !== host));
    this.seeds = named.map(([name, { port }]) => `${name}:${port}`);
  }

  readonly socketFactory: ISocketFactory = (wanted) => {
    if (this.#isDestroyed) throw new Error('the client was closed');
    const target = this.#byAlias.get(wanted.host) ?? { host: wanted.host, port: wanted.port };
    try {
      return this.#open(target, wanted.onConnect);
    } catch (error) {
      this.failure = toDeliveryError(error, formatHostPort(target));
      throw error;
    }
  };

  forget(): void {
    this.failure = undefined;
  }

  destroy(): void {
    this.#isDestroyed = true;
    // kafkajs ends its timers and what waits for an answer on an error only.
    for (const socket of this.#sockets) socket.destroy(new Error('the client was closed'));
  }

  #open(target: HostPort, onConnect: ISocketFactoryArgs['onConnect']): Socket {
    const { tls, isAddressAllowed } = this.#options;
    refuseLiteralAddress(target.host, isAddressAllowed);
    let isReady = false;
    const ready = (): void => {
      isReady = true;
      onConnect();
    };
    const lookup = createGuardedLookup(isAddressAllowed);
    const where = { ...target, lookup, noDelay: true, keepAlive: true, keepAliveInitialDelay: keepAliveMs };
    const socket =
      tls === undefined
        ? connectTcp(where, ready)
        : connectTls(
            { ...where, ...(isIP(target.host) === 0 && { servername: target.host }), ...tls },
            ready,
          );
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (!this.#isDestroyed) this.failure = this.#describe(error, target, isReady);
    });
    return socket;
  }

  #describe(error: NodeJS.ErrnoException, target: HostPort, isReady: boolean): DeliveryError {
    const place = formatHostPort(target);
    if (this.#options.tls !== undefined && !isReady && error.code === 'ECONNRESET') {
      return DeliveryError.retry(
        `${place} ended the TLS handshake: this listener may not use TLS (then leave \`tls\` away), or want a client certificate`,
        'TLSFailed',
        { cause: error },
      );
    }
    const failure = toDeliveryError(error, place);
    if (this.#isSeed(target)) return failure;
    return DeliveryError.retry(
      `${failure.message}; the brokers gave this address: check their advertised.listeners`,
      failure.reason,
      { cause: failure },
    );
  }

  #isSeed({ host, port }: HostPort): boolean {
    return this.#options.brokers.some((broker) => broker.host === host && broker.port === port);
  }
}

/** kafkajs takes the text before the first colon for the host, so IPv6 addresses get another name. */
function seedName({ host }: HostPort, index: number): string {
  return host.includes(':') ? `ipv6-${index}` : host;
}

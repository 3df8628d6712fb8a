import { createSocket, type Socket } from 'node:dgram';
import { type LookupFunction } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';

import { DeliveryError, toDeliveryError } from '../sink-kit/index.ts';
import { unlessAborted } from './abortable.ts';
import { formatHostPort, type HostPort } from './host-port.ts';

/** What UDP over IPv4 can carry: 65535 bytes without the IP and UDP headers. */
export const longestDatagramBytes = 65_507;

const resolveEveryMs = 60_000;
/** How long a refusal (ICMP port unreachable) is waited for after a batch; within a cluster it takes far less. */
const refusalWaitMs = 20;

/** Sends datagrams to one host. */
export interface DatagramSender {
  readonly endpoint: string;
  /** Resolves when the system has taken all of them and no refusal came back at once. */
  send(datagrams: readonly Buffer[], signal: AbortSignal): Promise<void>;
  /** Looks the host up and finds a route to it; sends nothing. */
  check(signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

/** What a sender of datagrams needs of its surroundings. */
export interface DatagramSenderOptions {
  readonly lookup: LookupFunction;
  readonly now?: () => number;
}

/** Creates a sender of datagrams. It looks its host up every minute, so that a moved service is followed. */
export function createDatagramSender(target: HostPort, options: DatagramSenderOptions): DatagramSender {
  return new UdpSender(target, options);
}

interface Connection {
  readonly socket: Socket;
  readonly address: string;
  /** The first error that came back, such as ECONNREFUSED by ICMP. */
  readonly refused: Promise<never>;
}

class UdpSender implements DatagramSender {
  readonly endpoint: string;
  readonly #target: HostPort;
  readonly #lookup: LookupFunction;
  readonly #now: () => number;
  #connection: Connection | undefined;
  #resolvedAtMs = Number.NEGATIVE_INFINITY;
  #connecting: Promise<Connection> | undefined;

  constructor(target: HostPort, { lookup, now = Date.now }: DatagramSenderOptions) {
    this.endpoint = formatHostPort(target);
    this.#target = target;
    this.#lookup = lookup;
    this.#now = now;
  }

  async send(datagrams: readonly Buffer[], signal: AbortSignal): Promise<void> {
    let results: (Error | null)[];
    try {
      const { socket, refused } = await unlessAborted(() => this.#connect(), signal);
      const sendAll = () => Promise.all(datagrams.map((datagram) => sendOne(socket, datagram)));
      results = await unlessAborted(() => Promise.race([refused, sendAll()]), signal);
      const fatal = results.find((error) => error !== null && !isTooLong(error));
      if (fatal) throw fatal;
      await Promise.race([refused, wait(refusalWaitMs, undefined, { signal })]);
    } catch (thrown) {
      this.#drop();
      throw toDeliveryError(signal.aborted ? signal.reason : thrown, this.endpoint);
    }
    this.#tellTooLong(datagrams, results);
  }

  async check(signal: AbortSignal): Promise<void> {
    try {
      await unlessAborted(() => this.#connect(), signal);
    } catch (thrown) {
      throw toDeliveryError(thrown, this.endpoint);
    }
  }

  close(): Promise<void> {
    this.#drop();
    return Promise.resolve();
  }

  /** A host's limit can be lower than UDP's own; only the datagrams above it fail. */
  #tellTooLong(datagrams: readonly Buffer[], results: readonly (Error | null)[]): void {
    if (results.every((error) => error === null)) return;
    const failures = results.map((error, index) =>
      error === null ? undefined : tooLong(this.endpoint, datagrams[index]?.length ?? 0, error),
    );
    throw DeliveryError.partial(failures.find(Boolean)?.message ?? '', failures);
  }

  #connect(): Promise<Connection> {
    this.#connecting ??= this.#connectAnew().finally(() => (this.#connecting = undefined));
    return this.#connecting;
  }

  async #connectAnew(): Promise<Connection> {
    const current = this.#connection;
    if (current !== undefined && this.#now() - this.#resolvedAtMs < resolveEveryMs) return current;
    const resolved = await this.#resolve().catch((thrown: unknown) => {
      // The name server being away is no reason to stop sending to where the host was.
      const refusal = toDeliveryError(thrown, this.endpoint);
      if (current === undefined || refusal.reason === 'AddressNotAllowed') throw refusal;
      return undefined;
    });
    if (current !== undefined && (resolved === undefined || resolved.address === current.address)) {
      this.#resolvedAtMs = this.#now();
      return current;
    }
    this.#drop();
    this.#connection = await openSocket(resolved as Resolved, this.#target.port);
    this.#resolvedAtMs = this.#now();
    return this.#connection;
  }

  #resolve(): Promise<Resolved> {
    const { promise, resolve, reject } = Promise.withResolvers<Resolved>();
    this.#lookup(this.#target.host, { all: false }, (error, address, family) => {
      if (error === null && typeof address === 'string') resolve({ address, family: family ?? 4 });
      else reject(error ?? new Error('the look-up gave a list where one address was asked for'));
    });
    return promise;
  }

  #drop(): void {
    this.#connection?.socket.close();
    this.#connection = undefined;
    this.#resolvedAtMs = Number.NEGATIVE_INFINITY;
  }
}

interface Resolved {
  readonly address: string;
  readonly family: number;
}

/** A connected socket is told of refusals by ICMP; an unconnected one is not. */
async function openSocket({ address, family }: Resolved, port: number): Promise<Connection> {
  const socket = createSocket(family === 6 ? 'udp6' : 'udp4');
  const { promise: refused, reject } = Promise.withResolvers<never>();
  socket.on('error', reject);
  refused.catch(() => undefined);
  try {
    const connected = Promise.withResolvers<undefined>();
    socket.connect(port, address, () => connected.resolve(undefined));
    await Promise.race([connected.promise, refused]);
  } catch (thrown) {
    socket.close();
    throw thrown;
  }
  return { socket, address, refused };
}

function sendOne(socket: Socket, datagram: Buffer): Promise<Error | null> {
  return new Promise((resolve) => socket.send(datagram, (error) => resolve(error)));
}

function isTooLong(error: Error): boolean {
  return (error as NodeJS.ErrnoException).code === 'EMSGSIZE';
}

/** Refuses an event that does not fit into a datagram; sending it again cannot help. */
function tooLong(endpoint: string, sizeBytes: number, cause: Error): DeliveryError {
  return DeliveryError.permanent(
    `${endpoint} cannot get this event, its datagram has ${sizeBytes} bytes, which the network here does not take: ` +
      'shorten it by a layout, or set maxBytes',
    'PayloadTooLarge',
    cause,
  );
}

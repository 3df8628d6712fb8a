import { connect as connectTcp, isIP, type LookupFunction, type Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { connect as connectTls, type TLSSocket } from 'node:tls';

import {
  type AddressGuard,
  DeliveryError,
  refuseLiteralAddress,
  type TlsOptions,
  toDeliveryError,
} from '../sink-kit/index.ts';
import { unlessAborted } from './abortable.ts';
import { type HostPort } from './host-port.ts';

const keepAliveMs = 15_000;
/** How long a reset is waited for after a write: a peer that died or forgot the connection answers with one. */
const resetWaitMs = 20;
/** How long a server that speaks TLS 1.3 may take to say that it does not accept our certificate. */
const acceptanceWaitMs = 500;
/** How long one may take that has sent its session ticket: rsyslog looks at certificates when the handshake is over. */
const afterthoughtWaitMs = 200;
const farewellWaitMs = 200;

/** Where a stream goes. */
export type StreamTarget =
  | { readonly path: string }
  | (HostPort & {
      readonly lookup: LookupFunction;
      readonly isAddressAllowed: AddressGuard | undefined;
      readonly tls?: TlsOptions;
    });

/** Sends bytes over one connection, which it opens when there is something to send. */
export interface StreamSender {
  /**
   * Resolves when the operating system has taken all bytes and the connection still stands. What the peer did with
   * them is not known: syslog has no answers (RFC 6587 3.1).
   */
  send(bytes: Buffer, signal: AbortSignal): Promise<void>;
  /** Opens a connection if there is none; sends nothing. */
  check(signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

/** Creates a sender over TCP, TLS or a Unix stream socket. */
export function createStreamSender(target: StreamTarget, endpoint: string): StreamSender {
  return new ConnectionSender(target, endpoint);
}

interface Connection {
  readonly socket: Socket;
  /** Rejects when the connection ends, from whichever side. */
  readonly ended: Promise<never>;
}

class ConnectionSender implements StreamSender {
  readonly #target: StreamTarget;
  readonly #endpoint: string;
  #connection: Connection | undefined;
  #connecting: Promise<Connection> | undefined;
  #opening: Socket | undefined;

  constructor(target: StreamTarget, endpoint: string) {
    this.#target = target;
    this.#endpoint = endpoint;
  }

  async send(bytes: Buffer, signal: AbortSignal): Promise<void> {
    let connection: Connection | undefined;
    try {
      const { socket, ended } = (connection = await unlessAborted(() => this.#connect(), signal));
      await unlessAborted(() => Promise.race([ended, writeAll(socket, bytes)]), signal);
    } catch (thrown) {
      // Bytes may wait in the socket, and a frame may be half out: only a new connection starts clean.
      this.#drop(connection);
      throw toDeliveryError(thrown, this.#endpoint);
    }
  }

  async check(signal: AbortSignal): Promise<void> {
    try {
      await unlessAborted(() => this.#connect(), signal);
    } catch (thrown) {
      this.#drop();
      throw toDeliveryError(thrown, this.#endpoint);
    }
  }

  /** Says goodbye first: a connection that only breaks off is an error in the log of the other side. */
  async close(): Promise<void> {
    const connection = this.#connection;
    if (connection !== undefined && !connection.socket.destroyed) {
      connection.socket.end();
      await Promise.race([connection.ended, wait(farewellWaitMs)]).catch(() => undefined);
    }
    this.#drop(connection);
  }

  #connect(): Promise<Connection> {
    if (this.#connection !== undefined) return Promise.resolve(this.#connection);
    this.#connecting ??= this.#open().finally(() => (this.#connecting = undefined));
    return this.#connecting;
  }

  async #open(): Promise<Connection> {
    const socket = openSocket(this.#target);
    this.#opening = socket;
    const handshake = { isOver: false };
    socket.once('secureConnect', () => (handshake.isOver = true));
    const connection = { socket, ended: endOf(socket, this.#endpoint) };
    try {
      await Promise.race([connection.ended, ready(socket)]);
    } catch (thrown) {
      socket.destroy();
      // Some servers (rsyslog) refuse a certificate without a word: they let the handshake pass and hang up.
      throw handshake.isOver && isHangUp(thrown) ? certificateRefused(this.#endpoint) : thrown;
    } finally {
      this.#opening = undefined;
    }
    this.#connection = connection;
    connection.ended.catch(() => this.#drop(connection));
    return connection;
  }

  /** An attempt to connect that outlived its caller is given up too: the next one asks the network anew. */
  #drop(connection?: Connection): void {
    this.#opening?.destroy();
    connection?.socket.destroy();
    if (this.#connection === connection) this.#connection = undefined;
  }
}

function openSocket(target: StreamTarget): Socket {
  if ('path' in target) return connectTcp({ path: target.path });
  const { host, port, lookup, tls, isAddressAllowed } = target;
  refuseLiteralAddress(host, isAddressAllowed);
  const options = { host, port, lookup, noDelay: true, keepAlive: true, keepAliveInitialDelay: keepAliveMs };
  if (tls === undefined) return connectTcp(options);
  return connectTls({ ...options, ...(isIP(host) === 0 && { servername: host }), ...tls });
}

/** A syslog server never ends its side but to go away, so an end is taken as the end of the connection. */
function endOf(socket: Socket, endpoint: string): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>();
  const onEnd = (): void =>
    reject(
      DeliveryError.retry(
        `${endpoint} closed the connection: see the log of the system there`,
        'Unreachable',
      ),
    );
  socket.on('error', reject).on('end', onEnd).on('close', onEnd);
  socket.resume();
  promise.catch(() => undefined);
  return promise;
}

/** An end, or a break where the server had not read all of what was sent. */
function isHangUp(thrown: unknown): boolean {
  return thrown instanceof DeliveryError || (thrown as NodeJS.ErrnoException).code === 'ECONNRESET';
}

function certificateRefused(endpoint: string): DeliveryError {
  return DeliveryError.retry(
    `${endpoint} hung up after the TLS handshake: it may want another client certificate (tls.crt, tls.key of the ` +
      'Secret in tls.secretRef); see its log',
    'TLSFailed',
  );
}

async function ready(socket: Socket): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  if (!isTls(socket)) {
    socket.once('connect', () => resolve(undefined));
    return promise;
  }
  // With TLS 1.3 the client is done before the server has judged its certificate (RFC 8446 4.4.2.4). The session
  // ticket mostly comes after that judgement; a server that sends none is taken as content after a moment.
  socket.once('session', () => void setTimeout(() => resolve(undefined), afterthoughtWaitMs).unref());
  socket.once('secureConnect', () => {
    const waitMs = socket.getProtocol() === 'TLSv1.3' ? acceptanceWaitMs : 0;
    setTimeout(() => resolve(undefined), waitMs).unref();
  });
  return promise;
}

function isTls(socket: Socket): socket is TLSSocket {
  return 'getProtocol' in socket;
}

async function writeAll(socket: Socket, bytes: Buffer): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<undefined>();
  socket.write(bytes, (error) => (error ? reject(error) : resolve(undefined)));
  await promise;
  await wait(resetWaitMs);
}

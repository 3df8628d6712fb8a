import { statSync } from 'node:fs';

import {
  createGuardedLookup,
  createTlsOptions,
  DeliveryError,
  type SinkContext,
  type TlsConfig,
} from '../sink-kit/index.ts';
import { createDatagramSender } from './datagram-sender.ts';
import { formatHostPort, parseHostPort } from './host-port.ts';
import { createStreamSender, type StreamSender } from './stream-sender.ts';
import { frameByCount, frameByLineFeed } from './syslog-message.ts';

/** How messages travel; '' is the exporter's name for the socket of the machine. */
export const networks = ['', 'unix', 'udp', 'tcp', 'tls'] as const;

/** How a message is told from the next one in a stream (RFC 6587). */
export const framings = ['OctetCounting', 'NonTransparent'] as const;

/** Where syslog messages go. */
export interface SyslogTargetConfig {
  readonly network: (typeof networks)[number];
  readonly address?: string | undefined;
  readonly framing: (typeof framings)[number];
  readonly tls?: TlsConfig | undefined;
}

/** Sends syslog messages, one datagram or frame for each. */
export interface SyslogTarget {
  readonly endpoint: string;
  send(messages: readonly Buffer[], signal: AbortSignal): Promise<void>;
  check(signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

/** Where syslog daemons listen on their own machine, in the order in which the exporter tries them. */
const localSockets = ['/dev/log', '/var/run/syslog', '/var/run/log'] as const;
const defaultPorts = { udp: 514, tcp: 514, tls: 6514 } as const;

/**
 * Creates the target that a configuration names.
 * @throws DeliveryError (permanent) when address, network and TLS do not fit together.
 */
export function createSyslogTarget(config: SyslogTargetConfig, context: SinkContext): SyslogTarget {
  const { network, framing, address = '' } = config;
  if (config.tls !== undefined && network !== 'tls') {
    throw invalid(`tls is set, but network is ${JSON.stringify(network)}: set network: tls, or remove tls`);
  }
  if (network === '' || network === 'unix') return createUnixTarget(config, context);
  if (address === '') throw invalid(`address is required with network: ${network}; write host:port`);
  const hostPort = parseHostPort(address, 'address', defaultPorts[network]);
  const lookup = createGuardedLookup(context.isAddressAllowed);
  if (network === 'udp') return createDatagramSender(hostPort, { lookup });
  const tls = network === 'tls' ? createTlsOptions(config.tls) : undefined;
  const stream = { ...hostPort, lookup, isAddressAllowed: context.isAddressAllowed, ...(tls && { tls }) };
  return framed(createStreamSender(stream, formatHostPort(hostPort)), formatHostPort(hostPort), framing);
}

function createUnixTarget({ address, framing }: SyslogTargetConfig, context: SinkContext): SyslogTarget {
  // The guard marks receivers of namespaces that must not reach this machine, and its sockets are on this machine.
  if (context.isAddressAllowed !== undefined) {
    throw DeliveryError.permanent(
      "network: unix is a socket of the operator's own machine, which only the root namespace may use; set network: udp, tcp or tls",
      'SinkNotAllowed',
    );
  }
  const path = address ?? '';
  if (path !== '' && !path.startsWith('/')) {
    throw invalid(
      `address is ${JSON.stringify(path)}, but network: unix wants the path of a socket; set network: udp, tcp or tls to send to host:port`,
    );
  }
  return new UnixTarget(path === '' ? undefined : path, framing);
}

/** A socket of the machine. Its path is looked for again after each failure, as daemons start late. */
class UnixTarget implements SyslogTarget {
  readonly #path: string | undefined;
  readonly #framing: SyslogTargetConfig['framing'];
  #target: SyslogTarget | undefined;

  constructor(path: string | undefined, framing: SyslogTargetConfig['framing']) {
    this.#path = path;
    this.#framing = framing;
  }

  get endpoint(): string {
    return this.#target?.endpoint ?? this.#path ?? localSockets[0];
  }

  send(messages: readonly Buffer[], signal: AbortSignal): Promise<void> {
    return this.#use((target) => target.send(messages, signal));
  }

  check(signal: AbortSignal): Promise<void> {
    return this.#use((target) => target.check(signal));
  }

  async close(): Promise<void> {
    await this.#target?.close();
  }

  async #use(run: (target: SyslogTarget) => Promise<void>): Promise<void> {
    const path = this.#path ?? localSockets.find(isSocket) ?? localSockets[0];
    this.#target ??= framed(createStreamSender({ path }, path), path, this.#framing);
    try {
      await run(this.#target);
    } catch (thrown) {
      await this.#target.close();
      this.#target = undefined;
      throw isDatagramSocket(thrown) ? datagramsOnly(path, thrown) : thrown;
    }
  }
}

function framed(
  sender: StreamSender,
  endpoint: string,
  framing: SyslogTargetConfig['framing'],
): SyslogTarget {
  const frame = framing === 'OctetCounting' ? frameByCount : frameByLineFeed;
  return {
    endpoint,
    send: (messages, signal) => sender.send(Buffer.concat(messages.map(frame)), signal),
    check: (signal) => sender.check(signal),
    close: () => sender.close(),
  };
}

function isSocket(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isSocket() ?? false;
}

/** A connection from a stream to a datagram socket fails with EPROTOTYPE. */
function isDatagramSocket(thrown: unknown): boolean {
  const { cause } = thrown as { cause?: { code?: unknown } };
  return cause?.code === 'EPROTOTYPE';
}

function datagramsOnly(path: string, cause: unknown): DeliveryError {
  return DeliveryError.retry(
    `${path} takes datagrams, and Node.js can open stream sockets only: let the daemon listen on a stream socket ` +
      '(rsyslog imptcp with path, syslog-ng unix-stream), or set network: udp',
    'Unreachable',
    { cause },
  );
}

function invalid(message: string): DeliveryError {
  return DeliveryError.permanent(message, 'InvalidConfig');
}

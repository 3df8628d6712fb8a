import { isIP } from 'node:net';

import { DeliveryError } from '../sink-kit/index.ts';

/** Where a network sink sends to. */
export interface HostPort {
  /** A name or an address, without brackets. */
  readonly host: string;
  readonly port: number;
}

/**
 * Reads `host:port`, `1.2.3.4:port` or `[::1]:port`; the port may be left out when there is a default.
 * @throws DeliveryError (permanent, InvalidConfig) that names the field and what is expected.
 */
export function parseHostPort(text: string, field: string, defaultPort?: number): HostPort {
  const match = /^(?:\[([0-9A-Fa-f:.]+(?:%\w+)?)\]|([^\s:[\]/@]+))(?::(\d{1,5}))?$/.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = match?.[3] === undefined ? defaultPort : Number(match[3]);
  if (host === undefined || port === undefined || port < 1 || port > 65_535) {
    throw DeliveryError.permanent(
      `${field} is ${JSON.stringify(text)}: write host:port, for example logs.example.com:514 or [2001:db8::1]:514`,
      'InvalidConfig',
    );
  }
  return { host, port };
}

/** Writes `host:port`, with brackets around an IPv6 address. */
export function formatHostPort({ host, port }: HostPort): string {
  return isIP(host) === 6 ? `[${host}]:${port}` : `${host}:${port}`;
}

import { isIP } from 'node:net';
import { buildConnector } from 'undici';

import { type AddressGuard } from './address-guard.ts';
import { createGuardedLookup, refuseLiteralAddress } from './guarded-lookup.ts';
import { type TlsOptions } from './tls.ts';

/** How long a connection may take to be made, in milliseconds; the attempt's own time-out may be shorter. */
export const connectTimeoutMs = 10_000;

/** Creates undici's way to connect, with the guard before every connection. */
export function createGuardedConnector(
  tls: TlsOptions,
  isAddressAllowed: AddressGuard | undefined,
): buildConnector.connector {
  const connect = buildConnector({
    ...tls,
    allowH2: false,
    timeout: connectTimeoutMs,
    ...(isAddressAllowed !== undefined && { lookup: createGuardedLookup(isAddressAllowed) }),
  });
  return (options, callback) => {
    try {
      refuseLiteralAddress(options.hostname, isAddressAllowed);
    } catch (error) {
      queueMicrotask(() => callback(error as Error, null));
      return;
    }
    // undici would take the name from a configured Host header, which may name a virtual host without a certificate.
    const { servername: _, ...rest } = options;
    const servername = tls.servername ?? (isIP(options.hostname) === 0 ? options.hostname : undefined);
    connect(servername === undefined ? rest : { ...rest, servername }, callback);
  };
}

import { lookup, type LookupAddress, type LookupOptions } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';

import { type AddressGuard } from './address-guard.ts';
import { DeliveryError } from './delivery-error.ts';

type Resolver = (
  host: string,
  options: LookupOptions & { all: true },
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

/** Says that a receiver may not reach an address; it is retried, because names and policies change. */
export function addressNotAllowed(host: string): DeliveryError {
  return DeliveryError.retry(
    `${host} is on a network that receivers of this namespace may not reach (loopback, link-local or API server)`,
    'AddressNotAllowed',
  );
}

/** Refuses a host that is written as an address the guard does not allow; names are judged by the guarded look-up. */
export function refuseLiteralAddress(host: string, isAddressAllowed: AddressGuard | undefined): void {
  const bare = host.replace(/^\[(.*)\]$/, '$1');
  if (isAddressAllowed === undefined || isIP(bare) === 0 || isAddressAllowed(bare)) return;
  throw addressNotAllowed(host);
}

/**
 * Creates a look-up for `net.connect`, `tls.connect` and `dgram.createSocket` that gives only addresses which the guard
 * allows. The socket connects to the very address that was judged, so a name that changes its address in between
 * (DNS rebinding) gains nothing. Sockets look no literal address up: `refuseLiteralAddress` judges those.
 */
export function createGuardedLookup(
  isAddressAllowed: AddressGuard | undefined,
  resolve: Resolver = lookup,
): LookupFunction {
  return (host, options, callback) => {
    resolve(host, { ...options, all: true }, (error, addresses) => {
      const allowed =
        error === null ? addresses.filter(({ address }) => isAddressAllowed?.(address) ?? true) : [];
      const [first] = allowed;
      if (first === undefined) callback(error ?? addressNotAllowed(host), '', 0);
      else if (options.all === true) callback(null, allowed);
      else callback(null, first.address, first.family);
    });
  };
}

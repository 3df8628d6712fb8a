import { isIP } from 'node:net';

import { type ChannelOptions, experimental, status } from '@grpc/grpc-js';

import {
  createGuardedLookup,
  DeliveryError,
  refuseLiteralAddress,
  type SinkContext,
} from '../sink-kit/index.ts';
import { formatHostPort, type HostPort } from './host-port.ts';

const scheme = 'eventroute';
/** google-gax hands on options that begin so, and gRPC hands them to resolvers. */
const lookupOption = 'grpc.eventroute_lookup';
const defaultPort = 443;

/** Finds the addresses of a host; throws when there are none that may be reached. */
export interface HostLookup {
  find(host: string): Promise<string[]>;
  /**
   * Behind a proxy the name is looked up by the proxy, so this is a check beforehand: it throws for what is plainly one of our own
   * addresses, and leaves names that only the proxy knows to the proxy's rules.
   */
  checkProxied(host: string): Promise<void>;
  /** What the last search failed with; undefined when it found something. */
  readonly lastError: unknown;
}

/** Creates a look-up with the guard of a sink's namespace. */
export function createHostLookup(isAddressAllowed: SinkContext['isAddressAllowed']): HostLookup {
  const lookup = createGuardedLookup(isAddressAllowed);
  let lastError: unknown;
  const resolve = async (host: string): Promise<string[]> => {
    refuseLiteralAddress(host, isAddressAllowed);
    if (isIP(host) !== 0) return [host];
    return new Promise((found, reject) => {
      lookup(host, { all: true }, (error, addresses) => {
        if (error === null && Array.isArray(addresses)) found(addresses.map(({ address }) => address));
        else reject(error ?? new Error(`no address of ${host} was found`));
      });
    });
  };
  /** The variables that gRPC reads: https://github.com/grpc/grpc/blob/master/doc/environment_variables.md */
  const isProxied = (): boolean =>
    ['grpc_proxy', 'https_proxy', 'http_proxy'].some((name) => (process.env[name] ?? '') !== '');
  return {
    get lastError() {
      return lastError;
    },
    checkProxied: async (host) => {
      if (isAddressAllowed === undefined || !isProxied()) return;
      try {
        await resolve(host);
      } catch (error) {
        if (error instanceof DeliveryError) throw error;
      }
    },
    find: async (host) => {
      try {
        const addresses = await resolve(host);
        lastError = undefined;
        return addresses;
      } catch (error) {
        lastError = error;
        throw error;
      }
    },
  };
}

/**
 * Gives the target of a gRPC channel whose every connection goes to an address that the look-up found. gRPC's own resolver knows no
 * guard, and takes settings out of TXT records, which whoever owns the name could write.
 */
export function guardedTarget(
  place: HostPort,
  lookup: HostLookup,
): { readonly servicePath: string; readonly port: number; readonly options: ChannelOptions } {
  experimental.registerResolver(scheme, GuardedResolver);
  const host = formatHostPort(place).replace(/:\d+$/, '');
  return { servicePath: `${scheme}:${host}`, port: place.port, options: { [lookupOption]: lookup } };
}

class GuardedResolver implements experimental.Resolver {
  static getDefaultAuthority(target: experimental.GrpcUri): string {
    return target.path;
  }

  readonly #place: HostPort;
  readonly #listener: experimental.ResolverListener;
  readonly #lookup: HostLookup;
  #isBusy = false;
  #isDestroyed = false;

  constructor(
    target: experimental.GrpcUri,
    listener: experimental.ResolverListener,
    options: ChannelOptions,
  ) {
    const { host, port = defaultPort } = experimental.splitHostPort(target.path) ?? { host: target.path };
    this.#place = { host, port };
    this.#listener = listener;
    this.#lookup = options[lookupOption] as HostLookup;
  }

  updateResolution(): void {
    if (this.#isBusy) return;
    this.#isBusy = true;
    void this.#resolve().finally(() => (this.#isBusy = false));
  }

  destroy(): void {
    this.#isDestroyed = true;
  }

  async #resolve(): Promise<void> {
    const { host, port } = this.#place;
    const found = await this.#lookup.find(host).then(
      (hosts) => hosts.map((each) => ({ addresses: [{ host: each, port }] })),
      () => undefined,
    );
    if (this.#isDestroyed) return;
    const details = `No address of ${host} can be used`;
    const answer: experimental.StatusOr<experimental.Endpoint[]> =
      found === undefined
        ? experimental.statusOrFromError({ code: status.UNAVAILABLE, details })
        : experimental.statusOrFromValue(found);
    this.#listener(answer, {}, null, '');
  }
}

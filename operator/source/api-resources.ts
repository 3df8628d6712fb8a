import { LRUCache } from 'lru-cache';

import { type KubeClient } from '../kube/client.ts';
import { isKubeFailure } from '../kube/kube-error.ts';
import { type Clock } from '../schema/clock.ts';

/** How the API server serves a kind. */
export interface ApiResource {
  /** `pods`. */
  readonly plural: string;
  readonly namespaced: boolean;
}

/** Knows how kinds are served. */
export interface ApiResources {
  /** Finds the resource of a kind; undefined when the API server serves none. Throws a KubeError. */
  find(apiVersion: string, kind: string, signal: AbortSignal): Promise<ApiResource | undefined>;
}

interface Discovered {
  readonly kinds: ReadonlyMap<string, ApiResource>;
  readonly atMs: number;
}

interface ApiResourceList {
  readonly resources?: readonly {
    readonly name: string;
    readonly kind: string;
    readonly namespaced: boolean;
  }[];
}

/** An Event may name any apiVersion, so what does not look like one never becomes a path. */
const groupVersionPattern = /^(?:[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?\/)?v[a-z0-9]{1,30}$/;
/** A CRD that was added shows after this time. */
const refreshMs = 60_000;

/** Creates the discovery: each group version is asked for once, and again when it lacks a kind. */
export function createApiResources(options: {
  client: Pick<KubeClient, 'request'>;
  clock: Clock;
}): ApiResources {
  return new DiscoveredResources(options.client, options.clock);
}

class DiscoveredResources implements ApiResources {
  readonly #client: Pick<KubeClient, 'request'>;
  readonly #clock: Clock;
  readonly #versions = new LRUCache<string, Discovered>({ max: 512 });
  readonly #flights = new Map<string, Promise<Discovered>>();

  constructor(client: Pick<KubeClient, 'request'>, clock: Clock) {
    this.#client = client;
    this.#clock = clock;
  }

  async find(apiVersion: string, kind: string, signal: AbortSignal): Promise<ApiResource | undefined> {
    if (!groupVersionPattern.test(apiVersion)) return undefined;
    const known = this.#versions.get(apiVersion);
    const resource = known?.kinds.get(kind);
    if (resource !== undefined) return resource;
    if (known !== undefined && this.#clock.now() - known.atMs < refreshMs) return undefined;
    const discovered = await this.#discover(apiVersion, signal);
    return discovered.kinds.get(kind);
  }

  #discover(apiVersion: string, signal: AbortSignal): Promise<Discovered> {
    const running = this.#flights.get(apiVersion);
    if (running !== undefined) return running;
    const flight = this.#fetch(apiVersion, signal).finally(() => this.#flights.delete(apiVersion));
    this.#flights.set(apiVersion, flight);
    return flight;
  }

  async #fetch(apiVersion: string, signal: AbortSignal): Promise<Discovered> {
    const path = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
    const list = await this.#client
      .request<ApiResourceList>('GET', path, { signal })
      .catch((thrown: unknown): ApiResourceList => {
        if (isKubeFailure(thrown, 'notFound')) return {};
        throw thrown;
      });
    const discovered = { kinds: indexKinds(list), atMs: this.#clock.now() };
    this.#versions.set(apiVersion, discovered);
    return discovered;
  }
}

function indexKinds({ resources = [] }: ApiResourceList): ReadonlyMap<string, ApiResource> {
  const kinds = new Map<string, ApiResource>();
  for (const { name, kind, namespaced } of resources) {
    // `pods/eviction` and its like are subresources, some of them with a kind of their own.
    if (!name.includes('/') && !kinds.has(kind)) kinds.set(kind, { plural: name, namespaced });
  }
  return kinds;
}

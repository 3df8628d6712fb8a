import { readFileSync } from 'node:fs';

import dotI, {
  type OperatorLogger,
  type ResourceEvent,
  ResourceEventType,
  type ResourceMeta,
  ResourceMetaImpl,
} from '@dot-i/k8s-operator';
import type { V1CustomResourceDefinition } from '@kubernetes/client-node';
import { parse } from 'yaml';

import { type Log } from '../telemetry/log.ts';
import { type KubeClient } from './api-client.ts';
import { isKubeFailure, KubeError } from './kube-error.ts';
import { type KubeObject, resourcePath, type ResourceName } from './kube-object.ts';
import { type ResourceWatch, type ResourceWatchOptions, startResourceWatch } from './resource-watch.ts';

// Node gives the whole CommonJS module as its default export, transpilers give the class.
const imported: unknown = dotI;
const Operator = (typeof imported === 'function' ? imported : dotI.default) as typeof dotI.default;

/** What a hardened operator works with. */
export interface HardenedOperatorOptions extends Omit<
  ResourceWatchOptions,
  'client' | 'resource' | 'namespace' | 'handle'
> {
  readonly client: Pick<KubeClient, 'server' | 'request' | 'stream'>;
  readonly log: Log;
}

const eventTypes = {
  ADDED: ResourceEventType.Added,
  MODIFIED: ResourceEventType.Modified,
  DELETED: ResourceEventType.Deleted,
} as const;

type Registered = Awaited<ReturnType<(typeof Operator.prototype)['registerCustomResourceDefinition']>>;

/**
 * dot-i's Operator on our own client and watch. Its original ends the process when a watch fails, misses what is
 * deleted while it is not connected, handles all objects in one line and swallows the errors of status and finalizers.
 * Create subclasses by `withoutKubeconfig`.
 */
export abstract class HardenedOperator extends Operator {
  /** The running watches by `plural.group/version`. */
  protected readonly watches = new Map<string, ResourceWatch>();
  readonly #options: HardenedOperatorOptions;
  readonly #resources = new Map<string, ResourceName>();

  constructor(options: HardenedOperatorOptions) {
    super(plainLogger(options.log));
    this.#options = options;
  }

  override stop(): void {
    void this.end();
  }

  /** Ends all watches; resolves when no handler is running any more. */
  async end(): Promise<void> {
    await Promise.all([...this.watches.values()].map((watch) => watch.stop()));
  }

  protected override getCustomResourceApiUri(...where: [string, string, string, string?]): string {
    const [group, version, plural, namespace] = where;
    return this.#options.client.server + resourcePath({ group, version, plural }, { namespace });
  }

  /** Watches a resource until `stop`, whatever the API server does; `onEvent` is called again when it rejects. */
  // The signature is dot-i's.
  // eslint-disable-next-line max-params
  protected override watchResource(
    group: string,
    version: string,
    plural: string,
    onEvent: (event: ResourceEvent) => Promise<void>,
    namespace?: string,
  ): Promise<void> {
    this.keepUpWith({ group, version, plural, namespace }, onEvent);
    return Promise.resolve();
  }

  /** Does what `watchResource` does, and returns the watch. */
  protected keepUpWith(
    { namespace, ...resource }: ResourceName & { readonly namespace?: string | undefined },
    onEvent: (event: ResourceEvent) => Promise<void>,
  ): ResourceWatch {
    const { group, version, plural } = resource;
    const id = `${plural}.${group === '' ? version : `${group}/${version}`}`;
    this.#resources.set(id, resource);
    const watch = startResourceWatch({
      ...this.#options,
      resource,
      namespace,
      handle: async ({ type, object }) => {
        const meta = ResourceMetaImpl.createWithPlural(plural, asDotIObject(object));
        await onEvent({ meta, type: eventTypes[type], object: asDotIObject(object) });
      },
    });
    this.watches.set(namespace ? `${id} in ${namespace}` : id, watch);
    return watch;
  }

  protected override setResourceStatus(meta: ResourceMeta, status: unknown): Promise<ResourceMeta> {
    return this.#writeStatus('PUT', meta, status);
  }

  protected override patchResourceStatus(meta: ResourceMeta, status: unknown): Promise<ResourceMeta> {
    return this.#writeStatus('PATCH', meta, status);
  }

  protected override async setResourceFinalizers(meta: ResourceMeta, finalizers: string[]): Promise<void> {
    const { resourceVersion } = meta;
    try {
      // With the version, a finalizer that somebody else added meanwhile is not taken away again.
      const body = { metadata: { finalizers, resourceVersion } };
      await this.#options.client.request('PATCH', this.#pathOf(meta), { body });
    } catch (thrown) {
      if (!isKubeFailure(thrown, 'notFound')) throw thrown;
    }
  }

  protected override async registerCustomResourceDefinition(crdFile: string): Promise<Registered> {
    const definition = parse(readFileSync(crdFile, 'utf8')) as V1CustomResourceDefinition;
    const path = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
    try {
      await this.#options.client.request('POST', path, { body: definition });
    } catch (thrown) {
      if (!isKubeFailure(thrown, 'conflict')) throw thrown;
    }
    const { group, versions, names } = definition.spec;
    return { group, versions, plural: names.plural };
  }

  async #writeStatus(method: 'PUT' | 'PATCH', meta: ResourceMeta, status: unknown): Promise<ResourceMeta> {
    const { apiVersion, kind, name, namespace, resourceVersion } = meta;
    const object = await this.#options.client.request<KubeObject>(method, `${this.#pathOf(meta)}/status`, {
      body: { apiVersion, kind, metadata: { name, namespace, resourceVersion }, status },
    });
    return ResourceMetaImpl.createWithId(meta.id, asDotIObject(object));
  }

  #pathOf({ id, name, namespace }: ResourceMeta): string {
    const resource = this.#resources.get(id);
    if (resource) return resourcePath(resource, { namespace, name });
    throw new KubeError(`${id} is not watched by this operator`, { failure: 'invalid' });
  }
}

/**
 * Constructs an operator without the environment's kubeconfig: dot-i's constructor reads one that we do not use, and
 * throws if it is broken.
 */
export function withoutKubeconfig<T>(construct: () => T): T {
  const { KUBECONFIG, HOME } = process.env;
  delete process.env['KUBECONFIG'];
  delete process.env['HOME'];
  try {
    return construct();
  } finally {
    if (KUBECONFIG !== undefined) process.env['KUBECONFIG'] = KUBECONFIG;
    if (HOME !== undefined) process.env['HOME'] = HOME;
  }
}

// The same thing with mutable fields, as client-node declares it.
const asDotIObject = (object: KubeObject): ResourceEvent['object'] => object as ResourceEvent['object'];

function plainLogger(log: Log): OperatorLogger {
  return {
    debug: (message) => log.debug(message),
    info: (message) => log.info(message),
    warn: (message) => log.warn(message),
    error: (message) => log.error(message),
  };
}

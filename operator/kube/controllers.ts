import { type ResourceEvent, ResourceEventType } from '@dot-i/k8s-operator';

import { HardenedOperator, type HardenedOperatorOptions, withoutKubeconfig } from './hardened-operator.ts';
import { type KubeObject, type ResourceName } from './kube-object.ts';
import { type ListWatchState } from './list-watch.ts';

/** Which object. */
interface ObjectName {
  readonly namespace: string;
  readonly name: string;
}

/** Who handles the objects of one custom resource. Handlers see the newest state only, one call an object at a time. */
export interface ControlledResource<T extends KubeObject = KubeObject> extends ResourceName {
  /** Only the objects of one namespace; of all when left out. */
  readonly namespace?: string;
  /** Called when an object is new or changed; called again, after a while, when it rejects. */
  onChange(object: T): Promise<void>;
  /** Called when an object is gone; called again, after a while, when it rejects. */
  onDelete(name: ObjectName): Promise<void>;
  /** Called once, when every object of the first list was handled, well or not. */
  onSynced?(): void;
}

/** What to control. */
export interface ControllersOptions extends HardenedOperatorOptions {
  readonly resources: readonly ControlledResource[];
}

/** Running controllers. */
export interface Controllers {
  /** Resolves when every object of all first lists was handled once, well or not. */
  readonly synced: Promise<void>;
  /** What each watch is doing, by `plural.group/version`. */
  states(): Readonly<Record<string, ListWatchState>>;
  /** Ends all watches; resolves when no handler is running any more. */
  stop(): Promise<void>;
}

/** Starts controllers for these resources; they go on whatever the API server does, and wait for missing CRDs. */
export function startControllers(options: ControllersOptions): Controllers {
  const operator = withoutKubeconfig(() => new ControllerOperator(options));
  const started = operator.start();
  return {
    synced: started.then(() => operator.synced()),
    states: () => operator.states(),
    async stop() {
      await started;
      await operator.end();
    },
  };
}

class ControllerOperator extends HardenedOperator {
  readonly #options: ControllersOptions;

  constructor(options: ControllersOptions) {
    super(options);
    this.#options = options;
  }

  states(): Readonly<Record<string, ListWatchState>> {
    return Object.fromEntries([...this.watches].map(([id, watch]) => [id, watch.state()]));
  }

  async synced(): Promise<void> {
    await Promise.all([...this.watches.values()].map(({ synced }) => synced));
  }

  protected override init(): Promise<void> {
    for (const resource of this.#options.resources) {
      const { group, version, plural, namespace } = resource;
      const watch = this.keepUpWith({ group, version, plural, namespace }, (event) =>
        handle(resource, event),
      );
      void watch.synced.then(() => this.#tellSynced(resource));
    }
    return Promise.resolve();
  }

  #tellSynced(resource: ControlledResource): void {
    try {
      resource.onSynced?.();
    } catch (error) {
      this.#options.log.error('Failed to begin after the first list', { resource: resource.plural, error });
    }
  }
}

function handle(resource: ControlledResource, { type, object, meta }: ResourceEvent): Promise<void> {
  if (type !== ResourceEventType.Deleted) return resource.onChange(object as KubeObject);
  return resource.onDelete({ namespace: meta.namespace ?? '', name: meta.name });
}

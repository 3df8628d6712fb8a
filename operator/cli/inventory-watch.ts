import { type CustomResource, type ResourceKind } from '../api/resource.ts';
import { type KubeClient } from '../kube/client.ts';
import { isKubeFailure } from '../kube/kube-error.ts';
import { type KubeObject } from '../kube/kube-object.ts';
import { type Delta, type ListWatch, type ListWatchState, startListWatch } from '../kube/list-watch.ts';
import { createObjectCache } from '../kube/object-cache.ts';
import { type Log } from '../telemetry/log.ts';
import { type Inventory, type ReadablePart } from './inventory.ts';

/** An object that came, changed or went. */
export interface Change {
  readonly kind: ResourceKind;
  /** What it was; undefined when it is new. */
  readonly before: CustomResource | undefined;
  /** What it is; undefined when it is gone. */
  readonly after: CustomResource | undefined;
}

/** What goes wrong is on the screen; a log would be written over it. */
const nowhere = (): void => undefined;
const silentLog: Log = { debug: nowhere, info: nowhere, warn: nowhere, error: nowhere };

/** Where changes of an inventory are shown. */
export interface ChangeScreen {
  /** Takes what is there at the beginning. */
  begin(inventory: Inventory): void;
  change(change: Change): void;
  /** Takes why what is shown may be old, or undefined when it is current again. */
  lost(why: string | undefined): void;
  /** Resolves when nobody looks at it any more. */
  readonly closed: Promise<void>;
}

/** What is watched, and where it is shown. */
export interface InventoryWatchOptions {
  readonly client: Pick<KubeClient, 'request' | 'stream'>;
  readonly inventory: Inventory;
  readonly screen: ChangeScreen;
}

/**
 * Shows an inventory and each change of it until the screen is closed; connections that break are made again. Rejects
 * when the caller may list the objects, and not watch them.
 */
export async function watchInventory({ client, inventory, screen }: InventoryWatchOptions): Promise<void> {
  screen.begin(inventory);
  const refused = Promise.withResolvers<never>();
  const lost = new Map<string, string>();
  const watches = inventory.parts.map((part) =>
    watchPart(part, {
      client,
      known: [...inventory.routes, ...inventory.receivers].filter(({ kind }) => kind === part.kind.kind),
      onChange: (change) => screen.change(change),
      onState({ state, error }) {
        if (isKubeFailure(error, 'forbidden')) refused.reject(notWatchable(part.kind));
        const wasLost = lost.size > 0;
        if (state === 'backingOff' && error !== undefined) lost.set(part.path, error.message);
        if (state === 'watching') lost.delete(part.path);
        if (lost.size > 0 || wasLost) screen.lost([...lost.values()][0]);
      },
    }),
  );
  try {
    await Promise.race([screen.closed, refused.promise]);
  } finally {
    await Promise.all(watches.map((watch) => watch.stop()));
  }
}

function notWatchable({ kind }: ResourceKind): Error {
  return new Error(`you may list ${kind}s and not watch them: ask for the verb watch, or leave out --watch`);
}

interface PartOptions {
  readonly client: Pick<KubeClient, 'request' | 'stream'>;
  readonly known: readonly CustomResource[];
  readonly onChange: (change: Change) => void;
  readonly onState: (state: ListWatchState) => void;
}

function watchPart(
  { kind, path }: ReadablePart,
  { client, known, onChange, onState }: PartOptions,
): ListWatch {
  const cache = createObjectCache<KubeObject>();
  const shown = new Map<string, CustomResource>();
  for (const object of known.filter((one) => isListed(one, path))) {
    shown.set(object.metadata.uid ?? '', object);
    cache.takeDelta({ type: 'ADDED', object });
  }
  const take = (deltas: readonly Delta<KubeObject>[]): void => {
    for (const { type, object } of deltas) {
      const key = object.metadata.uid ?? '';
      const before = shown.get(key);
      const after = type === 'DELETED' ? undefined : ({ ...object, kind: kind.kind } as CustomResource);
      if (after === undefined) shown.delete(key);
      else shown.set(key, after);
      onChange({ kind, before, after });
    }
  };
  return startListWatch<KubeObject>({
    client,
    path,
    log: silentLog,
    onPage: (items, place) => take(cache.takePage(items, place)),
    onDelta: (delta) => take(cache.takeDelta(delta)),
    onState,
  });
}

/** Whether a list's path covers an object: that of its namespace, or of all. */
function isListed({ metadata }: CustomResource, path: string): boolean {
  return !path.includes('/namespaces/') || path.includes(`/namespaces/${metadata.namespace}/`);
}

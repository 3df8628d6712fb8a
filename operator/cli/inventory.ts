import { eventReceiverKind } from '../api/event-receiver.ts';
import { eventRouteKind } from '../api/event-route.ts';
import { apiGroup, apiVersion, type CustomResource, type ResourceKind } from '../api/resource.ts';
import { type KubeClient } from '../kube/client.ts';
import { isKubeFailure } from '../kube/kube-error.ts';
import { resourcePath, type ResourceName } from '../kube/kube-object.ts';
import { listPages } from '../kube/pager.ts';
import { type ReceiverStatus } from '../status/receiver-status.ts';
import { type RouteStatus } from '../status/route-status.ts';

/** A list of the cluster that the caller may read: the objects of one kind, in one namespace or in all. */
export interface ReadablePart {
  readonly kind: ResourceKind;
  readonly path: string;
}

/** Our objects of a cluster, as far as the caller may read them. */
export interface Inventory {
  readonly routes: readonly CustomResource<RouteStatus>[];
  readonly receivers: readonly CustomResource<ReceiverStatus>[];
  /** Whether these are the objects of all namespaces. */
  readonly isWhole: boolean;
  /** What the caller may not read, in sentences. */
  readonly gaps: readonly string[];
  /** The lists that it was read from. */
  readonly parts: readonly ReadablePart[];
}

/** Which objects are wanted. */
export interface InventoryScope {
  /** All namespaces; `namespaces` are read instead where the caller may not list them all. */
  readonly isWhole: boolean;
  readonly namespaces: readonly string[];
}

const pageSize = 500;
const neverAborted = new AbortController().signal;

/** Names a kind's resource for the API server. */
function resourceOf({ plural }: ResourceKind): ResourceName {
  return { group: apiGroup, version: apiVersion, plural };
}

/**
 * Lists EventRoutes and EventReceivers with the caller's rights. What may not be read becomes a gap; throws an Error
 * that says what to do when nothing of it may be read, or the cluster does not have our kinds.
 */
export async function readInventory(
  client: Pick<KubeClient, 'request'>,
  scope: InventoryScope,
): Promise<Inventory> {
  const [routes, receivers] = await Promise.all(
    [eventRouteKind, eventReceiverKind].map((kind) => readKind(client, kind, scope)),
  );
  const kinds = [routes, receivers].filter((read) => read !== undefined);
  const parts = kinds.flatMap((read) => read.parts);
  const gaps = kinds.flatMap((read) => read.gaps);
  if (parts.length === 0) throw nothingReadable(gaps);
  return {
    routes: (routes?.items ?? []) as CustomResource<RouteStatus>[],
    receivers: (receivers?.items ?? []) as CustomResource<ReceiverStatus>[],
    isWhole: kinds.every((read) => read.isWhole),
    gaps,
    parts,
  };
}

/** Lists EventReceivers with the caller's rights; throws an Error that says what to do when none may be read. */
export async function readReceivers(
  client: Pick<KubeClient, 'request'>,
  scope: InventoryScope,
): Promise<Pick<Inventory, 'receivers' | 'isWhole' | 'gaps'>> {
  const { items, parts, isWhole, gaps } = await readKind(client, eventReceiverKind, scope);
  if (parts.length === 0) throw nothingReadable(gaps);
  return { receivers: items as CustomResource<ReceiverStatus>[], isWhole, gaps };
}

function nothingReadable(gaps: readonly string[]): Error {
  return new Error(
    `${gaps.join('; ')}: ask for a RoleBinding to the ClusterRole view there, or name a namespace that you may read with -n`,
  );
}

interface ReadKind {
  readonly items: readonly CustomResource[];
  readonly isWhole: boolean;
  readonly gaps: readonly string[];
  readonly parts: readonly ReadablePart[];
}

async function readKind(
  client: Pick<KubeClient, 'request'>,
  kind: ResourceKind,
  { isWhole, namespaces }: InventoryScope,
): Promise<ReadKind> {
  const whole = isWhole ? await listObjects(client, kind, undefined) : 'forbidden';
  if (whole !== 'forbidden') return { items: whole.items, isWhole: true, gaps: [], parts: [whole.part] };
  const distinct = [...new Set(namespaces)];
  const lists = await Promise.all(
    distinct.map(async (namespace) => ({ namespace, list: await listObjects(client, kind, namespace) })),
  );
  const readable = lists.flatMap(({ namespace, list }) =>
    list === 'forbidden' ? [] : [{ namespace, list }],
  );
  const refused = lists.filter(({ list }) => list === 'forbidden').map(({ namespace }) => namespace);
  return {
    items: readable.flatMap(({ list }) => list.items),
    isWhole: false,
    gaps: isWhole
      ? [
          partlyRefused(
            kind,
            readable.map(({ namespace }) => namespace),
          ),
        ]
      : refused.map((namespace) => `You may not list ${kind.kind}s in namespace ${namespace}`),
    parts: readable.map(({ list }) => list.part),
  };
}

function partlyRefused(kind: ResourceKind, readable: readonly string[]): string {
  const refusal = `You may not list ${kind.kind}s in all namespaces`;
  if (readable.length === 0) return `${refusal}, nor in your own`;
  const [first, ...others] = readable;
  const shown = others.length === 0 ? `namespace ${first}` : `namespaces ${readable.join(' and ')}`;
  return `${refusal}: shown are those of ${shown}`;
}

interface ListedObjects {
  readonly items: readonly CustomResource[];
  readonly part: ReadablePart;
}

async function listObjects(
  client: Pick<KubeClient, 'request'>,
  kind: ResourceKind,
  namespace: string | undefined,
): Promise<ListedObjects | 'forbidden'> {
  const path = resourcePath(resourceOf(kind), { namespace });
  const items: CustomResource[] = [];
  try {
    await listPages<CustomResource>({
      client,
      path,
      query: {},
      pageSize,
      signal: neverAborted,
      onPage(page) {
        items.push(...page.items.map((item) => withKind(item, kind)));
      },
    });
  } catch (thrown) {
    if (isKubeFailure(thrown, 'forbidden')) return 'forbidden';
    if (!isKubeFailure(thrown, 'notFound')) throw thrown;
    throw new Error(
      `the cluster does not know ${kind.plural}.${apiGroup} ${apiVersion}: install Eventroute with its chart, or kubectl apply -f crds/`,
      { cause: thrown },
    );
  }
  return { items: sortObjects(items), part: { kind, path } };
}

/** The items of a list come without apiVersion and kind. */
function withKind(object: CustomResource, { kind }: ResourceKind): CustomResource {
  return { ...object, apiVersion: `${apiGroup}/${apiVersion}`, kind };
}

/** Sorts objects as kubectl shows them: by namespace, then by name. */
export function sortObjects<T extends CustomResource>(objects: readonly T[]): T[] {
  const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
  return objects.toSorted(
    ({ metadata: a }, { metadata: b }) => compare(a.namespace, b.namespace) || compare(a.name, b.name),
  );
}

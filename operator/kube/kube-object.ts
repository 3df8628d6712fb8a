/** A metav1.ObjectMeta, as far as we read it. */
interface ObjectMeta {
  readonly name: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly generation?: number;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly finalizers?: readonly string[];
  readonly ownerReferences?: readonly OwnerReference[];
}

/** A metav1.OwnerReference. */
interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
  readonly blockOwnerDeletion?: boolean;
}

/** Any object of the API server. */
export interface KubeObject {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata: ObjectMeta;
}

/** One page of a list. */
export interface KubeList<T> {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata: { readonly resourceVersion?: string; readonly continue?: string };
  readonly items: readonly T[];
}

/** Which kind of objects: a resource of the API server. */
export interface ResourceName {
  /** `''` is the core group. */
  readonly group: string;
  readonly version: string;
  readonly plural: string;
}

/** The path of a collection, or of one object when it has a name. */
export function resourcePath(
  { group, version, plural }: ResourceName,
  where: { readonly namespace?: string | undefined; readonly name?: string } = {},
): string {
  const parts = [group === '' ? '/api' : `/apis/${encodeURIComponent(group)}`, encodeURIComponent(version)];
  if (where.namespace) parts.push('namespaces', encodeURIComponent(where.namespace));
  parts.push(encodeURIComponent(plural));
  if (where.name !== undefined) parts.push(encodeURIComponent(where.name));
  return parts.join('/');
}

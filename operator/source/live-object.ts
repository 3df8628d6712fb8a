import { type ObjectMetadata } from '../event/object-metadata.ts';

/** Names an object of the API server. */
export interface ObjectReference {
  readonly apiVersion: string;
  readonly kind: string;
  /** `''` for an object of the whole cluster. */
  readonly namespace: string;
  readonly name: string;
}

/** An object as it lives now. */
export interface LiveObject {
  readonly uid: string;
  readonly metadata: ObjectMetadata;
}

/**
 * Fetches the metadata of an object; `unknownKind` when the API server does not serve its kind, so that nothing can be
 * said about it. Throws a KubeError.
 */
export type LookUpObject = (
  reference: ObjectReference,
  signal: AbortSignal,
) => Promise<LiveObject | 'notFound' | 'unknownKind'>;

/** Annotations of a mirror Pod; events about a static Pod carry their value as its uid. */
const mirrorAnnotations = ['kubernetes.io/config.mirror', 'kubernetes.io/config.hash'];

/**
 * Tells whether a live object is the one that an Event's reference means, and not a later one of the same name. Kubelets
 * write a Node's name, and a static Pod's hash, where the uid belongs.
 */
export function isSameObject(live: LiveObject, reference: { uid: string; name: string }): boolean {
  const { uid, name } = reference;
  if (uid === '' || uid === live.uid || uid === name) return true;
  return mirrorAnnotations.some((annotation) => live.metadata.annotations[annotation] === uid);
}

import { type OwnerReference } from './cluster-event.ts';
import { isRecord, type JsonRecord, readRecord, readText, readTextMap } from './json-value.ts';

/** What a look-up of a live object adds to the Events about it. */
export interface ObjectMetadata {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly ownerReferences: readonly OwnerReference[];
  /** The object carries a deletionTimestamp. */
  readonly deleted: boolean;
}

/** Reads the metadata of a live object (a metav1.ObjectMeta as parsed) as far as Events want it. */
export function readObjectMetadata(metadata: unknown): ObjectMetadata {
  const record = readRecord(metadata);
  return {
    labels: readTextMap(record.labels) ?? {},
    annotations: readTextMap(record.annotations) ?? {},
    ownerReferences: readOwnerReferences(record.ownerReferences),
    deleted: typeof record.deletionTimestamp === 'string' && record.deletionTimestamp !== '',
  };
}

/** Reads metav1.OwnerReferences, in Go's order of keys; what is none becomes an empty list. */
export function readOwnerReferences(value: unknown): readonly OwnerReference[] {
  if (!Array.isArray(value)) return [];
  return value.filter(isRecord).map(readOwnerReference);
}

function readOwnerReference(value: JsonRecord): OwnerReference {
  const { controller, blockOwnerDeletion } = value;
  return {
    apiVersion: readText(value.apiVersion),
    kind: readText(value.kind),
    name: readText(value.name),
    uid: readText(value.uid),
    ...(typeof controller === 'boolean' && { controller }),
    ...(typeof blockOwnerDeletion === 'boolean' && { blockOwnerDeletion }),
  };
}

import { type ClusterEvent } from './cluster-event.ts';

/** Names the object that an event is about, for keeping its events in order: its uid, else kind/namespace/name. */
export function objectKey(event: ClusterEvent): string {
  const { uid, kind, namespace, name } = event.involvedObject;
  return uid === '' ? `${kind}/${namespace}/${name}` : uid;
}

import { KubeError, type KubeStatus } from './kube-error.ts';
import { type KubeObject } from './kube-object.ts';

/** What happened to an object. */
export interface Delta<T> {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly object: T;
}

/** What a watch sends. */
export type WatchEvent<T> =
  | Delta<T>
  /** Says only how far the watch has come; such an object has nothing but a resourceVersion. */
  | { readonly type: 'BOOKMARK'; readonly object: T }
  | { readonly type: 'ERROR'; readonly object: KubeStatus };

const types: ReadonlySet<unknown> = new Set(['ADDED', 'MODIFIED', 'DELETED', 'BOOKMARK', 'ERROR']);

/** Reads one line of a JSON watch. */
export function decodeWatchLine<T extends KubeObject>(line: Buffer): WatchEvent<T> {
  const event = JSON.parse(line.toString('utf8')) as Partial<WatchEvent<T>> | null;
  if (!types.has(event?.type) || typeof event?.object !== 'object') {
    throw new KubeError('it has no known type or no object', { failure: 'protocol' });
  }
  return event as WatchEvent<T>;
}

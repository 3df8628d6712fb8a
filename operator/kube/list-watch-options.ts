import { type Log } from '../telemetry/log.ts';
import { type KubeClient, type Query } from './api-client.ts';
import { type BackoffOptions } from './backoff.ts';
import { type Clock } from '../schema/clock.ts';
import { type KubeError } from './kube-error.ts';
import { type KubeObject } from './kube-object.ts';
import { type Delta, type WatchEvent } from './watch-event.ts';

/** Where a page stands in its list. */
export interface PageInfo {
  /** The same for all pages of one list; the watch goes on from it. */
  readonly resourceVersion: string;
  /** A list begins, perhaps anew: pages of an unfinished one before it count for nothing. */
  readonly first: boolean;
  readonly last: boolean;
  /** `expired`: the history that the watch needed is gone, so what happened meanwhile shows only in this list. */
  readonly cause: 'start' | 'expired';
}

/** What a list+watch is doing. */
export interface ListWatchState {
  readonly state: 'listing' | 'watching' | 'backingOff' | 'stopped';
  readonly since: Date;
  /** Why it backs off. */
  readonly error?: Error;
  /** When the API server last sent anything. */
  readonly lastActivity: Date | undefined;
}

/** What to list and watch, and whom to tell. */
export interface ListWatchOptions<T extends KubeObject> {
  readonly client: Pick<KubeClient, 'request' | 'stream'>;
  readonly path: string;
  readonly query?: Query;
  /** @default 500 */
  readonly pageSize?: number;
  /** Goes on after this version with a watch, without a list, as long as the API server still knows it. */
  readonly resourceVersion?: string | undefined;
  /** Silence that means a dead connection; the API server is asked to end each watch sooner. @default 120000 */
  readonly idleTimeoutMs?: number;
  readonly clock?: Clock;
  readonly random?: () => number;
  readonly backoff?: Omit<BackoffOptions, 'random'>;
  readonly log: Log;
  /** @default JSON */
  readonly decode?: (line: Buffer) => WatchEvent<T>;
  /** Says in a sentence what to do about a failure, for the log. */
  readonly explain?: (error: KubeError) => string | undefined;
  /** Takes a page; when it throws, the list begins anew after a back-off. */
  readonly onPage: (items: readonly T[], page: PageInfo) => void | Promise<void>;
  /** Takes a delta; when it throws, the same delta comes again after a back-off. */
  readonly onDelta: (delta: Delta<T>) => void | Promise<void>;
  readonly onState?: (state: ListWatchState) => void;
}

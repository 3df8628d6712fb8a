import { type KubeClient, type Query } from './api-client.ts';
import { isKubeFailure } from './kube-error.ts';
import { type KubeList } from './kube-object.ts';

/** How a list is fetched. */
export interface PagerOptions<T> {
  readonly client: Pick<KubeClient, 'request'>;
  readonly path: string;
  readonly query: Query;
  readonly pageSize: number;
  readonly signal: AbortSignal;
  /** The next page is asked for when its promise is settled. */
  readonly onPage: (page: KubeList<T>, place: { first: boolean; last: boolean }) => void | Promise<void>;
}

const pageTimeoutMs = 60_000;

/**
 * Fetches a list page by page, all at one resourceVersion, which it returns. No resourceVersion is asked for, so the
 * API server answers with the newest state, even where one of its replicas lags.
 */
export async function listPages<T>(options: PagerOptions<T>): Promise<string> {
  const { client, path, query, pageSize, signal, onPage } = options;
  let token: string | undefined;
  let first = true;
  for (;;) {
    const page: KubeList<T> = await client.request<KubeList<T>>('GET', path, {
      query: { ...query, limit: pageSize, continue: token },
      signal,
      timeoutMs: pageTimeoutMs,
    });
    if (isAborted(signal)) return '';
    token = page.metadata.continue;
    await onPage(page, { first, last: !token });
    if (!token || isAborted(signal)) return page.metadata.resourceVersion ?? '';
    first = false;
  }
}

/** How often a list is begun anew, each time with pages four times as large. */
const mostRestarts = 2;

/**
 * Fetches a list as `listPages` does, and begins it anew, with larger pages, when the history that holds it together is gone
 * before its end; then `first` is true once more.
 */
export async function listPagesAnew<T>(options: PagerOptions<T>): Promise<string> {
  let { pageSize } = options;
  for (let restarts = 0; ; restarts += 1) {
    try {
      return await listPages({ ...options, pageSize });
    } catch (thrown) {
      if (!isKubeFailure(thrown, 'expired') || restarts === mostRestarts) throw thrown;
      pageSize *= 4;
    }
  }
}

/** Tells whether a resourceVersion is beyond another; false when they are not numbers and so cannot be compared. */
export function isBeyond(resourceVersion: string, other: string): boolean {
  const isNumber = (text: string): boolean => /^\d{1,32}$/.test(text);
  return isNumber(resourceVersion) && isNumber(other) && BigInt(resourceVersion) > BigInt(other);
}

// The compiler takes an abort that it saw to be absent once for absent for ever.
const isAborted = (signal: AbortSignal): boolean => signal.aborted;

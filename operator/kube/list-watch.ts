import { type KubeObject } from './kube-object.ts';
import { createListWatchLoop } from './list-watch-loop.ts';
import { type ListWatchOptions, type ListWatchState } from './list-watch-options.ts';

export { type ListWatchOptions, type ListWatchState, type PageInfo } from './list-watch-options.ts';
export { type Delta } from './watch-event.ts';

/** A running list+watch. */
export interface ListWatch {
  state(): ListWatchState;
  /** The version up to which everything was handed over; `''` before the first list is complete. */
  resourceVersion(): string;
  /** Ends it; resolves when no callback is running any more. */
  stop(): Promise<void>;
}

/**
 * Starts to list and watch a collection, for as long as it takes: every delta is handed over exactly once and in order,
 * whatever happens to the connection. While a callback's promise is pending nothing more is read, so a slow consumer
 * slows the API server down instead of filling memory.
 */
export function startListWatch<T extends KubeObject>(options: ListWatchOptions<T>): ListWatch {
  const loop = createListWatchLoop(options);
  const ended = loop.run();
  return {
    state: () => loop.state(),
    resourceVersion: () => loop.resourceVersion(),
    async stop() {
      loop.stop();
      await ended;
    },
  };
}

/** Runs tasks of one key one after another, tasks of different keys side by side. */
export interface KeyedQueue {
  /** Resolves or rejects as the task does. */
  run<T>(key: string, task: () => Promise<T>): Promise<T>;
}

/** Creates a queue; a key without tasks costs nothing. */
export function createKeyedQueue(): KeyedQueue {
  const tails = new Map<string, Promise<unknown>>();
  return {
    run(key, task) {
      const before = tails.get(key) ?? Promise.resolve();
      const current = before.then(task, task);
      const tail = current
        .catch(() => undefined)
        .then(() => {
          if (tails.get(key) === tail) tails.delete(key);
        });
      tails.set(key, tail);
      return current;
    },
  };
}

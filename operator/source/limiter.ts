/** Runs a task as soon as fewer than the allowed number of others run; in the order of the calls. */
export type Limiter = <Result>(task: () => Promise<Result>) => Promise<Result>;

/** Creates a limiter that lets `concurrency` tasks run at a time. */
export function createLimiter(concurrency: number): Limiter {
  const waiting: (() => void)[] = [];
  let running = 0;
  return async (task) => {
    if (running >= concurrency) await new Promise<void>((resolve) => waiting.push(resolve));
    else running += 1;
    try {
      return await task();
    } finally {
      const next = waiting.shift();
      // The place goes to the next one directly, so that nobody can slip in between.
      if (next === undefined) running -= 1;
      else next();
    }
  };
}

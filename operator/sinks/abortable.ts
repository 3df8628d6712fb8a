/**
 * Starts a task and waits for it until the signal aborts; the task itself goes on. `graceMs` lets a task that obeys the signal by
 * itself say how far it came.
 */
export async function unlessAborted<Result>(
  task: () => Promise<Result>,
  signal: AbortSignal,
  graceMs = 0,
): Promise<Result> {
  signal.throwIfAborted();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => void setTimeout(() => reject(signal.reason), graceMs);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([task(), aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

/**
 * Waits for a task until the signal aborts; the task itself goes on. One that obeys the signal by itself is heard: it
 * ends in a microtask, before setImmediate.
 */
export async function unlessAborted<Result>(task: Promise<Result>, signal: AbortSignal): Promise<Result> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => void setImmediate(() => reject(signal.reason));
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  try {
    return await Promise.race([task, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

/** A log that keeps nothing: what the AWS SDK has to say reaches us in its errors, and its log may hold credentials. */
export const silent = {
  trace: (): void => undefined,
  debug: (): void => undefined,
  info: (): void => undefined,
  warn: (): void => undefined,
  error: (): void => undefined,
};

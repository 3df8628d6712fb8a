/** Data of a log line, beside its message. */
export type LogFields = Readonly<Record<string, unknown>>;

/** Where a room writes what happened: a sentence in the past tense, data in fields, never a secret. */
export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  /** Something went wrong and was dealt with. */
  warn(message: string, fields?: LogFields): void;
  /** Somebody has to act. */
  error(message: string, fields?: LogFields): void;
}

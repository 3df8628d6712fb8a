import { createLogger as createWinston, format, transports } from 'winston';

import { type Log, type LogFields } from './log.ts';

/** How much is logged, least first. */
export const logLevels = ['error', 'warn', 'info', 'debug'] as const;
export type LogLevel = (typeof logLevels)[number];

/** How a line looks: `json` for machines, `text` for people. */
export const logFormats = ['json', 'text'] as const;
export type LogFormat = (typeof logFormats)[number];

/** Opens the process's log. Lines go to stderr: stdout belongs to the stdout sink and to commands' results. */
export function createLogger(options: { readonly level: LogLevel; readonly format: LogFormat }): Log {
  const winston = createWinston({
    level: options.level,
    format: options.format === 'json' ? jsonLine : textLine,
    transports: new transports.Console({ stderrLevels: [...logLevels] }),
  });
  const write = (level: LogLevel) => (message: string, fields?: LogFields) =>
    void winston.log(level, message, plain(fields));
  return { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') };
}

const jsonLine = format.combine(format.timestamp(), format.json());

const textLine = format.combine(
  format.timestamp(),
  format.printf(({ timestamp, level, message, ...fields }) => {
    const data = Object.entries(fields).map(([key, value]) => ` ${key}=${quoted(value)}`);
    return `${String(timestamp)} ${level.toUpperCase().padEnd(5)} ${String(message)}${data.join('')}`;
  }),
);

function quoted(value: unknown): string {
  const text = typeof value === 'string' ? value : toJson(value);
  // control characters too: what events and systems say must not move a terminal's cursor
  return /[\s"=\p{Cc}]/u.test(text) || text === '' ? JSON.stringify(text) : text;
}

/** The names that a line has already; a field of the same name would replace them. */
const taken = new Set(['level', 'message', 'timestamp']);

/** Errors become their message with their causes': a stack is for debugging, not for an on-call engineer. */
function plain(fields: LogFields | undefined): LogFields {
  const entries = Object.entries(fields ?? {}).filter(([, value]) => value !== undefined);
  return Object.fromEntries(
    entries.map(([key, value]) => [
      taken.has(key) ? `field_${key}` : key,
      value instanceof Error ? describe(value) : value,
    ]),
  );
}

const maxCauses = 8;

function describe(error: Error, depth = 0): string {
  const own = error.message === '' ? nameless(error) : error.message;
  const cause =
    error.cause instanceof Error && depth < maxCauses ? describe(error.cause, depth + 1) : undefined;
  return cause === undefined || own.includes(cause) ? own : `${own}: ${cause}`;
}

/** Node joins the failures of a host's addresses in an AggregateError without a message. */
function nameless(error: Error): string {
  const [first] = error instanceof AggregateError ? (error.errors as unknown[]) : [];
  return first instanceof Error ? first.message : error.name;
}

/** A value that JSON does not know must not keep the rest of its line from being written. */
function toJson(value: unknown): string {
  try {
    return JSON.stringify(value);
  } catch {
    return String(value);
  }
}

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
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return /[\s"=]/.test(text) ? JSON.stringify(text) : text;
}

/** Errors become their message with their causes': a stack is for debugging, not for an on-call engineer. */
function plain(fields: LogFields | undefined): LogFields {
  const entries = Object.entries(fields ?? {}).filter(([, value]) => value !== undefined);
  return Object.fromEntries(
    entries.map(([key, value]) => [key, value instanceof Error ? describe(value) : value]),
  );
}

function describe(error: Error): string {
  const cause = error.cause instanceof Error ? describe(error.cause) : undefined;
  return cause === undefined || error.message.includes(cause) ? error.message : `${error.message}: ${cause}`;
}

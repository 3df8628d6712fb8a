import { Option, type Command } from 'commander';

import { parseDuration } from '../schema/duration.ts';
import { parseQuantity } from '../schema/quantity.ts';
import { logFormats, logLevels, type LogFormat, type LogLevel } from '../telemetry/logger.ts';
import { UsageError } from './exit.ts';

/** The flags of every command that logs. */
export interface LogFlags {
  readonly logLevel: LogLevel;
  readonly logFormat: LogFormat;
}

/** Adds the flags of the log to a command. */
export function addLogOptions(command: Command, defaults: LogFlags): Command {
  return command
    .addOption(
      new Option('--log-level <level>', 'how much is logged, to stderr')
        .choices(logLevels)
        .default(defaults.logLevel),
    )
    .addOption(
      new Option('--log-format <format>', 'json for machines, text for people')
        .choices(logFormats)
        .default(defaults.logFormat),
    );
}

/** Reads the duration of a flag; throws a UsageError that names the flag. */
export function durationFlag(flag: string, text: string): number {
  const durationMs = parseDuration(text);
  if (durationMs === undefined)
    throw new UsageError(`${flag} must be a duration such as 30s or 5m, not ${text}`);
  return durationMs;
}

/** Reads the quantity of bytes of a flag; throws a UsageError that names the flag. */
export function bytesFlag(flag: string, text: string): number {
  const bytes = parseQuantity(text);
  if (bytes === undefined)
    throw new UsageError(`${flag} must be a quantity such as 512Mi or 2Gi, not ${text}`);
  return bytes;
}

/** Reads the time of a flag, in milliseconds; throws a UsageError that names the flag. */
export function timeFlag(flag: string, text: string): number {
  const timeMs = /^\d{4}-\d\d-\d\dT/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(timeMs))
    throw new UsageError(`${flag} must be a time such as 2026-01-31T12:00:00Z, not ${text}`);
  return timeMs;
}

/** Reads `host:port`, `:port` or `[v6]:port`; no host means all addresses of the pod. */
export function addressFlag(flag: string, text: string): { host: string | undefined; port: number } {
  const [, bracketed, plain, port] = /^(?:\[([^\]]*)\]|([^:]*)):(\d{1,5})$/.exec(text) ?? [];
  const number = Number(port);
  if (port === undefined || number > 65_535)
    throw new UsageError(`${flag} must be HOST:PORT or :PORT, not ${text}`);
  const host = bracketed ?? plain;
  return { host: host === '' ? undefined : host, port: number };
}

/** Reads a list that is separated by commas. */
export function listFlag(text: string): string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

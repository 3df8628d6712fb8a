import { type ProcessOptions } from '../exporter/process-options.ts';
import { createLogger } from '../telemetry/logger.ts';
import { type LoadedConfig } from './exporter-config.ts';
import { logFindings } from './exporter-manifests.ts';
import { durationFlag, type LogFlags } from './options.ts';

/** Tells whether a flag was given on the command line. */
export type IsGiven<Flags> = (flag: keyof Flags) => boolean;

/** Gives the flags of the log as the file wants them, unless the command line says otherwise. */
export function logFlagsOf<Flags extends LogFlags>(
  flags: Flags,
  { logLevel, logFormat }: ProcessOptions,
  isGiven: IsGiven<Flags>,
): LogFlags {
  return {
    logLevel: isGiven('logLevel') ? flags.logLevel : logLevel,
    logFormat: isGiven('logFormat') ? flags.logFormat : logFormat,
  };
}

/** Tells what was found in a file: whatever level it asks for, it does not ask to hide what is wrong with it. */
export function tellFindings({ conversion, file }: LoadedConfig, log: LogFlags, isLevelGiven: boolean): void {
  const level = isLevelGiven ? log.logLevel : 'info';
  logFindings(createLogger({ level, format: log.logFormat }), conversion.findings, file);
}

/** The flags of `run` that an exporter's file has a say in. */
export interface RunFlagsOfFile extends LogFlags {
  readonly leaderElect: boolean;
  readonly leaseName: string;
  readonly clusterName: string;
  readonly maxEventAge?: string;
}

/** Gives the flags of `run` as the file wants them, unless the command line says otherwise. */
export function withOptions<Flags extends RunFlagsOfFile>(
  flags: Flags,
  options: ProcessOptions,
  isGiven: IsGiven<RunFlagsOfFile>,
): Flags {
  const { clusterName, leaderElection } = options;
  return {
    ...flags,
    ...logFlagsOf<RunFlagsOfFile>(flags, options, isGiven),
    ...(!isGiven('clusterName') && { clusterName }),
    ...(!isGiven('leaderElect') && { leaderElect: leaderElection.enabled }),
    ...(!isGiven('leaseName') && { leaseName: leaderElection.leaderElectionID }),
  };
}

/** The age in milliseconds from which on occurrences are left out; undefined takes all. */
export function maxAgeMs(
  { maxEventAge }: RunFlagsOfFile,
  options: ProcessOptions | undefined,
): number | undefined {
  if (maxEventAge !== undefined) return durationFlag('--max-event-age', maxEventAge);
  return options === undefined ? undefined : options.maxEventAgeSeconds * 1_000;
}

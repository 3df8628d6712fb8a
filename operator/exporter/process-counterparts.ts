import { type processKeys, type ProcessOptions } from './process-options.ts';

type ProcessKey = (typeof processKeys)[number];

/** What becomes of each key at the top of an exporter's file, beside `route` and `receivers`. */
export const processCounterparts: Readonly<Record<ProcessKey, string>> = {
  logLevel: '`--log-level`: trace becomes debug; fatal, panic and disabled become error',
  logFormat: '`--log-format`: pretty becomes text',
  maxEventAgeSeconds:
    '`--max-event-age`: 5s keeps what the exporter does; without the flag no event is too old',
  throttlePeriod: '`--max-event-age`, as maxEventAgeSeconds',
  trottlePeriod: '`--max-event-age`, as maxEventAgeSeconds',
  clusterName: '`--cluster-name`',
  namespace: 'a rule at the root of the EventRoute, below which the route stands',
  leaderElection: '`--leader-elect` and `--lease-name`',
  kubeQPS: 'nothing: look-ups are metadata only, cached, and discovery is done once',
  kubeBurst: 'nothing, as kubeQPS',
  metricsNamePrefix: 'the prefix of the exporter metrics that `run --config` serves beside `eventroute_...`',
  omitLookup: 'rules with labels or annotations, which then never match, become rules that never match',
  cacheSize: 'nothing: the cache has a size of its own',
  reportUpdates: '`repeats` of the EventRoute: All, and First when it is written as false',
};

/** Writes the flags with which the operator does what the file says. */
export function operatorFlags(options: ProcessOptions): readonly string[] {
  const { logLevel, logFormat, clusterName, leaderElection, maxEventAgeSeconds } = options;
  return [
    ...(logLevel === 'info' ? [] : [`--log-level ${logLevel}`]),
    `--log-format ${logFormat}`,
    ...(clusterName === '' ? [] : [`--cluster-name ${quoted(clusterName)}`]),
    ...(leaderElection.enabled
      ? ['--leader-elect', `--lease-name ${quoted(leaderElection.leaderElectionID)}`]
      : []),
    ...(maxEventAgeSeconds > 0 ? [`--max-event-age ${maxEventAgeSeconds}s`] : []),
  ];
}

function quoted(text: string): string {
  return /^[\w./:-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

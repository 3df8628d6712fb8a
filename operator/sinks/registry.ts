import { type SinkDefinition } from '../sink-kit/index.ts';

/** Every kind of sink by the name under `spec.sink`. Each is loaded when it is first asked for. */
const sinks = {
  bigquery: () => import('./bigquery.ts'),
  elasticsearch: () => import('./elasticsearch.ts'),
  eventbridge: () => import('./eventbridge.ts'),
  file: () => import('./file.ts'),
  firehose: () => import('./firehose.ts'),
  kafka: () => import('./kafka.ts'),
  kinesis: () => import('./kinesis.ts'),
  loki: () => import('./loki.ts'),
  opensearch: () => import('./opensearch.ts'),
  opscenter: () => import('./opscenter.ts'),
  opsgenie: () => import('./opsgenie.ts'),
  pipe: () => import('./pipe.ts'),
  pubsub: () => import('./pubsub.ts'),
  redis: () => import('./redis.ts'),
  slack: () => import('./slack.ts'),
  sns: () => import('./sns.ts'),
  splunk: () => import('./splunk.ts'),
  sqs: () => import('./sqs.ts'),
  stdout: () => import('./stdout.ts'),
  syslog: () => import('./syslog.ts'),
  teams: () => import('./teams.ts'),
  udp: () => import('./udp.ts'),
  webhook: () => import('./webhook.ts'),
} as const satisfies Record<string, () => Promise<{ default: unknown }>>;

/** The name of a kind of sink. */
export type SinkName = keyof typeof sinks;

/** The names of all kinds of sinks, in order. */
export const sinkNames = Object.keys(sinks) as readonly SinkName[];

/** Loads a kind of sink with the packages that it needs. */
export async function loadSink(name: SinkName): Promise<SinkDefinition> {
  // The registry mixes kinds whose config types differ; whoever opens one has validated its config by its own schema.
  return (await sinks[name]()).default;
}

import { type SinkName } from '../../operator/sinks/registry.ts';
import {
  plainElasticsearch,
  plainFile,
  plainHttp,
  plainKafka,
  plainSqs,
  plainStdout,
  type PlainClient,
  type PlainOptions,
} from './plain-clients.ts';

/** A sink in one of its ways to send, and the plain client that sends the same. */
export interface SinkCase {
  readonly sinkName: SinkName;
  /** `spec.sink.<name>` for a system at the address. */
  readonly written: (address: string) => Readonly<Record<string, unknown>>;
  readonly batch: number;
  /** Events of a round. */
  readonly events: number;
  /** Where the system is: a stand-in, a file, or nowhere. */
  readonly system: 'kafka' | 'file' | 'stdout' | `/${string}`;
  readonly plain: (options: PlainOptions) => PlainClient | Promise<PlainClient>;
  /** It sends one event at a time, so the cost of a request hides that of an event; told for information. */
  readonly isUnbatched?: boolean;
}

/** What is measured, by the name that is printed. */
export const cases: Readonly<Record<string, SinkCase>> = {
  'webhook NDJSON': {
    sinkName: 'webhook',
    written: (endpoint) => ({ endpoint, encoding: 'NDJSON' }),
    batch: 500,
    events: 20_000,
    system: '/lines',
    plain: (options) => plainHttp(options, 'application/x-ndjson'),
  },
  'webhook Event': {
    sinkName: 'webhook',
    written: (endpoint) => ({ endpoint }),
    batch: 1,
    events: 2_000,
    system: '/event',
    plain: (options) => plainHttp(options, 'application/json'),
    isUnbatched: true,
  },
  elasticsearch: {
    sinkName: 'elasticsearch',
    written: (host) => ({ hosts: [host], index: 'kube-events' }),
    batch: 500,
    events: 20_000,
    system: '/',
    plain: plainElasticsearch,
  },
  kafka: {
    sinkName: 'kafka',
    written: (broker) => ({ brokers: [broker], topic: 'kube-events' }),
    batch: 500,
    events: 20_000,
    system: 'kafka',
    plain: plainKafka,
  },
  sqs: {
    sinkName: 'sqs',
    written: (address) => ({
      queueUrl: `${address}/123456789012/kube-events`,
      region: 'eu-central-1',
      endpoint: address,
      accessKeyId: 'key',
      secretAccessKey: 'secret',
    }),
    batch: 10,
    events: 5_000,
    system: '/',
    plain: plainSqs,
  },
  file: {
    sinkName: 'file',
    written: (path) => ({ path, maxSize: 10_000 }),
    batch: 500,
    events: 20_000,
    system: 'file',
    plain: plainFile,
  },
  stdout: {
    sinkName: 'stdout',
    written: () => ({}),
    batch: 500,
    events: 20_000,
    system: 'stdout',
    plain: plainStdout,
  },
};

import { isRecord, readRecord, readText } from '../event/json-value.ts';
import { parseDuration } from '../schema/duration.ts';
import { readEvents } from '../source/event-reader.ts';
import { type LoadedTestFile } from './loaded-test-file.ts';
import { type RehearsedEvent } from './rehearsed-event.ts';
import { type EventEntry } from './test-file-fields.ts';

/** An occurrence at a time of the test. */
export interface SimulatedEvent extends RehearsedEvent {
  /** From the start of the test. */
  readonly atMs: number;
}

/** What the entries of a test cannot be made into; the message begins with the path of the entry. */
export class SimulationError extends Error {
  override readonly name = 'SimulationError';
}

type Recordings = Pick<LoadedTestFile, 'start' | 'recorded'>;

/** Plays the events of a test: every occurrence with its time, in order. */
export function simulateEvents(entries: readonly EventEntry[], recordings: Recordings): SimulatedEvent[] {
  const all = entries.flatMap((entry, index) => playEntry(entry, index, recordings));
  return all.toSorted((one, other) => one.atMs - other.atMs);
}

function playEntry(entry: EventEntry, index: number, { start, recorded }: Recordings): SimulatedEvent[] {
  const { event, file, repeat } = entry;
  const path = `events[${index}]`;
  if ((event === undefined) === (file === undefined)) {
    throw new SimulationError(`${path} needs \`event\` or \`file\`, and only one of them`);
  }
  const first = event === undefined ? (recorded.get(file ?? '') ?? []) : [readWritten(event, path, index)];
  const firstMs = milliseconds(entry.at);
  const everyMs = milliseconds(repeat?.every);
  const turns = Array.from({ length: 1 + (repeat?.times ?? 0) }, (_, turn) => turn);
  return turns.flatMap((turn) =>
    first.map((one): SimulatedEvent => {
      const atMs = firstMs + turn * everyMs;
      const core = event === undefined ? one.core : withTimes(one.core, { atMs, firstMs }, start);
      return { core: raiseCount(core, turn), object: objectOf(one, entry), atMs };
    }),
  );
}

function milliseconds(written = '0s'): number {
  return parseDuration(written) ?? 0;
}

/** Fills in what every Event of an API server has, and a test has no interest in. */
function readWritten(
  written: Readonly<Record<string, unknown>>,
  path: string,
  index: number,
): RehearsedEvent {
  const { events, problems } = readEvents({
    ...written,
    involvedObject: written['involvedObject'] ?? written['regarding'] ?? {},
  });
  const [event] = events;
  if (event === undefined) throw new SimulationError(`${path}.event ${problems[0] ?? 'is no Event'}`);
  const metadata = readRecord(event.core['metadata']);
  const involved = readRecord(event.core['involvedObject']);
  const namespace = readText(metadata['namespace']) || readText(involved['namespace']) || 'default';
  const name = readText(involved['name']) || 'object';
  return {
    ...event,
    core: {
      type: 'Normal',
      // Events that were born in events.k8s.io count in their series alone
      ...(isRecord(event.core['series']) ? {} : { count: 1 }),
      ...withoutUndefined(event.core),
      metadata: { name: `${name}.${index}`, uid: `event-${index}`, ...metadata, namespace },
      involvedObject: {
        apiVersion: 'v1',
        uid: `object-${index}`,
        // an object of the whole cluster has no namespace, and its Events are in `default`
        ...(isNamespaced(involved) && { namespace }),
        ...involved,
      },
    },
  };
}

const clusterScoped = new Set(['Node', 'Namespace', 'PersistentVolume', 'ClusterRole', 'StorageClass']);

function isNamespaced(involved: Readonly<Record<string, unknown>>): boolean {
  return !clusterScoped.has(readText(involved['kind']));
}

function withoutUndefined(record: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined));
}

function withTimes(
  core: Record<string, unknown>,
  { atMs, firstMs }: { readonly atMs: number; readonly firstMs: number },
  start: Date,
): Record<string, unknown> {
  const moment = (ms: number): string => new Date(start.getTime() + ms).toISOString().replace(/\.\d+Z$/, 'Z');
  return { firstTimestamp: moment(firstMs), lastTimestamp: moment(atMs), ...core };
}

function raiseCount(core: Record<string, unknown>, by: number): Record<string, unknown> {
  if (by === 0) return core;
  const series = core['series'];
  if (isRecord(series)) return { ...core, series: { ...series, count: numberOr1(series['count']) + by } };
  return { ...core, count: numberOr1(core['count']) + by };
}

function numberOr1(value: unknown): number {
  return typeof value === 'number' ? value : 1;
}

/** What a test does not say of an object is not there; recorded Events know no more than they carry. */
function objectOf({ object }: RehearsedEvent, { lookUp, event }: EventEntry): RehearsedEvent['object'] {
  if (lookUp === 'Failed') return undefined;
  if (object !== undefined || event === undefined) return object;
  return { labels: {}, annotations: {}, ownerReferences: [], deleted: false };
}

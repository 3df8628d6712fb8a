import { isRecord, type JsonRecord, readRecord } from '../event/json-value.ts';
import { type ObjectMetadata, readObjectMetadata } from '../event/object-metadata.ts';

/** What one value of a file holds. */
export interface ReadEvents {
  readonly events: readonly ReadEvent[];
  /** What is no Event, in words that follow the place. */
  readonly problems: readonly string[];
  /** Lines of a watch that carry no occurrence. */
  readonly skipped: number;
}

/** An Event of a file. */
export interface ReadEvent {
  readonly core: Record<string, unknown>;
  /** What an Event that was already enriched says of its object. */
  readonly object: ObjectMetadata | undefined;
  /** It comes from a watch, which shows the same Event again when anything about it changes. */
  readonly isWatched: boolean;
}

const quietTypes: ReadonlySet<unknown> = new Set(['DELETED', 'BOOKMARK']);
const watchTypes: ReadonlySet<unknown> = new Set(['ADDED', 'MODIFIED', 'ERROR', ...quietTypes]);
const maxDepth = 4;

/**
 * Finds the Events in a value: a core/v1 Event, one of events.k8s.io/v1, the exporter's document, a line of a watch, or a
 * list of these.
 */
export function readEvents(value: unknown, depth = 0): ReadEvents {
  if (Array.isArray(value) && depth < maxDepth)
    return merge(value.map((item) => readEvents(item, depth + 1)));
  if (!isRecord(value)) return refuse('is not an object');
  if (watchTypes.has(value.type) && isRecord(value.object)) return readWatchLine(value, value.object);
  if (Array.isArray(value.items) && value.involvedObject === undefined && depth < maxDepth) {
    return readEvents(value.items, depth + 1);
  }
  return readEvent(value, false);
}

function readWatchLine({ type }: JsonRecord, object: JsonRecord): ReadEvents {
  if (type === 'ERROR')
    return refuse(`is an error of the watch: ${text(object.message) || 'without a message'}`);
  return quietTypes.has(type) ? { events: [], problems: [], skipped: 1 } : readEvent(object, true);
}

function readEvent(value: JsonRecord, isWatched: boolean): ReadEvents {
  const isOfEventsGroup = text(value.apiVersion).startsWith('events.k8s.io/');
  const core = isOfEventsGroup ? fromEventsGroup(value) : value;
  if (value.kind !== undefined && value.kind !== 'Event') {
    return refuse(`is of kind ${text(value.kind) || 'unknown'}, not an Event`);
  }
  if (!isRecord(core.involvedObject)) return refuse('is not an Event: it has no involvedObject');
  const event = { core, object: readCarriedObject(core.involvedObject), isWatched };
  return { events: [event], problems: [], skipped: 0 };
}

/** The same Event is served under both groups; this is how the API server itself translates the names. */
function fromEventsGroup(value: JsonRecord): Record<string, unknown> {
  const { regarding, note, deprecatedSource, deprecatedFirstTimestamp, deprecatedLastTimestamp, ...rest } =
    value;
  const { deprecatedCount, reportingController, ...same } = rest;
  return {
    ...same,
    involvedObject: regarding,
    message: note,
    source: deprecatedSource,
    firstTimestamp: deprecatedFirstTimestamp,
    lastTimestamp: deprecatedLastTimestamp,
    count: deprecatedCount,
    reportingComponent: reportingController,
  };
}

const carriedFields = ['labels', 'annotations', 'ownerReferences', 'deleted'] as const;

function readCarriedObject(involvedObject: JsonRecord): ObjectMetadata | undefined {
  if (carriedFields.every((field) => involvedObject[field] === undefined)) return undefined;
  return { ...readObjectMetadata(involvedObject), deleted: involvedObject.deleted === true };
}

function merge(parts: readonly ReadEvents[]): ReadEvents {
  return {
    events: parts.flatMap(({ events }) => events),
    problems: parts.flatMap(({ problems }, index) =>
      problems.map((problem) => `item ${index + 1} ${problem}`),
    ),
    skipped: parts.reduce((sum, { skipped }) => sum + skipped, 0),
  };
}

function refuse(problem: string): ReadEvents {
  return { events: [], problems: [problem], skipped: 0 };
}

function text(value: unknown): string {
  return typeof value === 'string' ? value.slice(0, 200) : '';
}

/** The cluster that an already enriched Event names, if it names one. */
export function carriedClusterName(core: Record<string, unknown>): string | undefined {
  return text(readRecord(core).clusterName) || undefined;
}

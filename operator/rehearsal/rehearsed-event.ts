import { createClusterEvent } from '../event/core-event.ts';
import { isRecord } from '../event/json-value.ts';
import { type ObjectMetadata } from '../event/object-metadata.ts';
import { createOccurrence, type Occurrence } from '../event/occurrence.ts';
import { carriedClusterName, readEvents } from '../source/event-reader.ts';
import { readDocuments } from '../source/file-document.ts';
import { readLines } from '../source/text-lines.ts';

/** An Event with what is known of its object. */
export interface RehearsedEvent {
  readonly core: Record<string, unknown>;
  /** Labels and the like; undefined when they are not known. */
  readonly object: ObjectMetadata | 'notFound' | undefined;
}

/** The Events of a file, and what in it is none, with its place. */
export interface RecordedEvents {
  readonly events: readonly RehearsedEvent[];
  readonly problems: readonly string[];
}

/** Reads recorded Events: JSON lines, a List, lines of a watch, `kubectl -o json` or YAML. */
export async function readRecordedEvents(
  stream: AsyncIterable<Buffer | string>,
  name: string,
): Promise<RecordedEvents> {
  const events: RehearsedEvent[] = [];
  const problems: string[] = [];
  for await (const document of readDocuments(readLines(stream))) {
    if ('problem' in document) {
      problems.push(`${name}:${document.line} ${document.problem}`);
      continue;
    }
    const read = readEvents(document.value);
    events.push(...read.events);
    problems.push(...read.problems.map((problem) => `${name}:${document.line} ${problem}`));
  }
  return { events, problems };
}

/** Makes the occurrence that an Event stands for. */
export function occurrenceOf(
  { core, object }: RehearsedEvent,
  namespaceLabels: Readonly<Record<string, string>> | undefined,
): Occurrence {
  const clusterName = carriedClusterName(core) ?? '';
  return createOccurrence(createClusterEvent(core, { clusterName, object, namespaceLabels }));
}

/** The namespace whose labels the rules of an Event ask for: that of its object. */
export function namespaceOf({ core }: RehearsedEvent): string {
  const { involvedObject, metadata } = core;
  const written = isRecord(involvedObject) ? involvedObject['namespace'] : undefined;
  if (typeof written === 'string' && written !== '') return written;
  const own = isRecord(metadata) ? metadata['namespace'] : undefined;
  return typeof own === 'string' ? own : '';
}

import { createReadStream } from 'node:fs';

import { createClusterEvent } from '../event/core-event.ts';
import { createOccurrence, type Occurrence } from '../event/occurrence.ts';
import { type Log } from '../telemetry/log.ts';
import { type Clock } from '../schema/clock.ts';
import { carriedClusterName, type ReadEvent, readEvents } from './event-reader.ts';
import { type FileDocument, readDocuments } from './file-document.ts';
import { createOccurrenceMemory } from './occurrence-memory.ts';
import { comparePositions } from './position.ts';
import { type EventSource, type Position, type SourceCallbacks, type SourceHealth } from './source.ts';
import { readLines } from './text-lines.ts';

/** What is wrong with a part of a file. */
export interface FileProblem {
  /** `events.jsonl:12`. */
  readonly place: string;
  readonly message: string;
}

/** What a file held. */
export interface FileSummary {
  /** How many occurrences were handed on. */
  readonly events: number;
  /** How many entries carried none: deletions, bookmarks, changes that are no repeat. */
  readonly skipped: number;
  /** How many parts could not be read. */
  readonly problems: number;
}

/** Where to read from and who takes what is found. */
export interface FileSourceOptions extends Pick<SourceCallbacks, 'onOccurrence'> {
  /** The path of a file, or a stream with the name that problems are to show. */
  readonly input: string | { readonly stream: AsyncIterable<Buffer | string>; readonly name: string };
  /** Names the cluster of Events that name none. */
  readonly clusterName?: string | undefined;
  /** Hears of each part that cannot be read; the others are handed on all the same. */
  readonly onProblem?: ((problem: FileProblem) => void) | undefined;
  readonly clock: Pick<Clock, 'date'>;
  readonly log: Log;
}

/** A source that comes to an end. */
export interface FileSource extends EventSource {
  /** Resolves when everything has been handed on; rejects when the file cannot be read. */
  finished(): Promise<FileSummary>;
}

/**
 * Creates the source that reads recorded Events: JSON lines, a List, lines of a watch, `kubectl -o json`, or YAML. Events
 * that already carry labels of their object keep them; nothing is looked up.
 */
export function createFileSource(options: FileSourceOptions): FileSource {
  return new RecordedSource(options);
}

class RecordedSource implements FileSource {
  readonly #options: FileSourceOptions;
  readonly #name: string;
  readonly #memory = createOccurrenceMemory();
  readonly #summary = { events: 0, skipped: 0, problems: 0 };
  #state: SourceHealth['state'] = 'idle';
  #lastActivity: Date | undefined;
  #position = 0;
  #finished: Promise<FileSummary> | undefined;

  constructor(options: FileSourceOptions) {
    this.#options = options;
    this.#name = typeof options.input === 'string' ? options.input : options.input.name;
  }

  start(): Promise<void> {
    this.#finished ??= this.#run();
    // Whoever asks for the end hears of a failure; a process must not die of it before.
    this.#finished.catch(() => undefined);
    return Promise.resolve();
  }

  async stop(): Promise<void> {
    if (this.#state === 'reading') this.#state = 'stopped';
    await this.#finished?.catch(() => undefined);
  }

  finished(): Promise<FileSummary> {
    return this.#finished ?? Promise.reject(new Error(`${this.#name} was not started`));
  }

  health(): SourceHealth {
    return { state: this.#state, lastActivity: this.#lastActivity };
  }

  position(): Position {
    return this.#position === 0 ? '' : String(this.#position);
  }

  compare(one: Position, other: Position): number {
    return comparePositions(one, other);
  }

  async #run(): Promise<FileSummary> {
    const { input, log } = this.#options;
    this.#state = 'reading';
    try {
      const stream = typeof input === 'string' ? createReadStream(input) : input.stream;
      for await (const document of readDocuments(readLines(stream))) {
        await this.#take(document);
        if (this.#isStopped()) break;
      }
    } catch (cause) {
      throw new Error(`cannot read events from ${this.#name}: ${(cause as Error).message}`, { cause });
    } finally {
      if (!this.#isStopped()) this.#state = 'ended';
    }
    log.debug('Read recorded Events', { input: this.#name, ...this.#summary });
    return { ...this.#summary };
  }

  async #take(document: FileDocument): Promise<void> {
    this.#lastActivity = this.#options.clock.date();
    if ('problem' in document) {
      this.#report(document.line, document.problem);
      return;
    }
    const { events, problems, skipped } = readEvents(document.value);
    this.#summary.skipped += skipped;
    for (const problem of problems) this.#report(document.line, problem);
    for (const event of events) {
      if (this.#isStopped()) return;
      await this.#hand(event);
    }
  }

  async #hand(event: ReadEvent): Promise<void> {
    const occurrence = this.#occurrenceOf(event);
    const isNew = this.#memory.note(occurrence.event.uid, occurrence.number);
    if (event.isWatched && !isNew) {
      this.#summary.skipped += 1;
      return;
    }
    this.#summary.events += 1;
    await this.#options.onOccurrence(occurrence);
  }

  #occurrenceOf({ core, object }: ReadEvent): Occurrence {
    const clusterName = carriedClusterName(core) ?? this.#options.clusterName ?? '';
    this.#position += 1;
    const occurrence = createOccurrence(createClusterEvent(core, { clusterName, object }));
    return { ...occurrence, position: String(this.#position) };
  }

  #report(line: number, message: string): void {
    this.#summary.problems += 1;
    this.#options.onProblem?.({ place: `${this.#name}:${line}`, message });
  }

  #isStopped(): boolean {
    return this.#state === 'stopped';
  }
}

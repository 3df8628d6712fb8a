import { type ClusterEvent, type InvolvedObject } from './cluster-event.ts';
import { buildExporterDocument } from './exporter-document.ts';
import { type JsonRecord, readInt32, readRecord, readText } from './json-value.ts';
import { type ObjectMetadata } from './object-metadata.ts';
import { readDate } from './rfc3339.ts';

/** What the source knows about an Event beyond the Event itself. */
export interface ClusterEventOptions {
  /** Names the cluster in payloads. @default '' */
  readonly clusterName?: string;
  /** The involved object as it lives now; `notFound` when it is gone; undefined when it was not looked up. */
  readonly object?: ObjectMetadata | 'notFound' | undefined;
  readonly namespaceLabels?: Readonly<Record<string, string>> | undefined;
}

/** A ClusterEvent that also tells which occurrence of it this is, without building its whole document. */
export interface CountedEvent extends ClusterEvent {
  /** The largest of `count`, `series.count` and 1. */
  readonly occurrenceNumber: number;
  /** When this occurrence happened; the start of 1970 when the Event carries no time at all. */
  readonly occurrenceTime: Date;
}

/**
 * Wraps a core/v1 Event as JSON.parse gave it. Any value is taken: what has the wrong type counts as absent, so a
 * malformed Event can be routed and shown, and never throws.
 */
export function createClusterEvent(
  core: Record<string, unknown>,
  options: ClusterEventOptions = {},
): CountedEvent {
  return new CoreEvent(core, options);
}

/** What an event was made of, as plain JSON: createClusterEvent makes an equal one of it. */
export interface EventParts {
  /** Without managedFields, which nobody sees. */
  readonly core: Record<string, unknown>;
  readonly options: ClusterEventOptions;
}

/** Takes an event apart, so that it can be kept elsewhere; throws when createClusterEvent did not make it. */
export function takeApart(event: ClusterEvent): EventParts {
  if (event instanceof CoreEvent) return event.parts();
  throw new TypeError('only events made by createClusterEvent can be taken apart');
}

class CoreEvent implements CountedEvent {
  readonly #core: JsonRecord;
  readonly #metadata: JsonRecord;
  readonly #options: ClusterEventOptions;
  #involvedObject: InvolvedObject | undefined;
  #data: Readonly<Record<string, unknown>> | undefined;

  constructor(core: unknown, options: ClusterEventOptions) {
    this.#core = readRecord(core);
    this.#metadata = readRecord(this.#core.metadata);
    this.#options = options;
  }

  get uid(): string {
    return readText(this.#metadata.uid);
  }

  get namespace(): string {
    return readText(this.#metadata.namespace);
  }

  get name(): string {
    return readText(this.#metadata.name);
  }

  get resourceVersion(): string {
    return readText(this.#metadata.resourceVersion);
  }

  get reason(): string {
    return readText(this.#core.reason);
  }

  get message(): string {
    return readText(this.#core.message);
  }

  get type(): string {
    return readText(this.#core.type);
  }

  get action(): string {
    return readText(this.#core.action);
  }

  get count(): number {
    return readInt32(this.#core.count) || this.#seriesCount;
  }

  get component(): string {
    return readText(readRecord(this.#core.source).component);
  }

  get host(): string {
    return readText(readRecord(this.#core.source).host);
  }

  get reportingController(): string {
    return readText(this.#core.reportingComponent);
  }

  get reportingInstance(): string {
    return readText(this.#core.reportingInstance);
  }

  get involvedObject(): InvolvedObject {
    this.#involvedObject ??= enrich(readRecord(this.#core.involvedObject), this.#options.object);
    return this.#involvedObject;
  }

  get namespaceLabels(): Readonly<Record<string, string>> | undefined {
    return this.#options.namespaceLabels;
  }

  get clusterName(): string {
    return this.#options.clusterName ?? '';
  }

  get data(): Readonly<Record<string, unknown>> {
    this.#data ??= buildExporterDocument(this.#core, this.involvedObject, this.clusterName);
    return this.#data;
  }

  get occurrenceNumber(): number {
    return Math.max(readInt32(this.#core.count), this.#seriesCount, 1);
  }

  get occurrenceTime(): Date {
    return (
      readDate(readRecord(this.#core.series).lastObservedTime) ??
      readDate(this.#core.lastTimestamp) ??
      readDate(this.#core.eventTime) ??
      readDate(this.#core.firstTimestamp) ??
      readDate(this.#metadata.creationTimestamp) ??
      new Date(0)
    );
  }

  parts(): EventParts {
    return {
      core: { ...this.#core, metadata: { ...this.#metadata, managedFields: undefined } },
      options: this.#options,
    };
  }

  get #seriesCount(): number {
    return readInt32(readRecord(this.#core.series).count);
  }
}

function enrich(reference: JsonRecord, object: ObjectMetadata | 'notFound' | undefined): InvolvedObject {
  const live = object === 'notFound' ? undefined : object;
  return {
    kind: readText(reference.kind),
    namespace: readText(reference.namespace),
    name: readText(reference.name),
    uid: readText(reference.uid),
    apiVersion: readText(reference.apiVersion),
    resourceVersion: readText(reference.resourceVersion),
    fieldPath: readText(reference.fieldPath),
    labels: live?.labels,
    annotations: live?.annotations,
    ownerReferences: live?.ownerReferences ?? [],
    deleted: object === 'notFound' || live?.deleted === true,
  };
}

import { createClusterEvent } from '../event/core-event.ts';
import { derivedUid } from '../event/derived-uid.ts';
import { createOccurrence, type Occurrence } from '../event/occurrence.ts';
import { ownReportingController } from '../event/own-event.ts';
import { formatDuration } from '../schema/duration.ts';
import { type Rate } from './token-bucket.ts';

/** So many kinds of events are told apart, and so many of them the summary names; the others are one number. */
const mostKinds = 100;
const namedKinds = 5;
/** Namespaces are named when there are no more. */
const namedNamespaces = 3;
/** No name in Kubernetes is longer, but nobody checks the reason of an Event. */
const longestName = 128;

/** What a receiver's rate limit held back since the last summary, in bounded memory. */
export interface Excess {
  /** How many events it is. */
  readonly events: number;
  add(occurrence: Occurrence): void;
  /** The occurrence that tells of it; its key depends on receiver and opening alone. */
  summary(now: Date): Occurrence;
}

/** What an excess knows of itself from the beginning. */
export interface ExcessOptions {
  /** `namespace/name` of the receiver. */
  readonly receiver: string;
  readonly rate: Pick<Rate, 'events' | 'perMs'>;
  /** When it was opened; no two of a receiver at the same time. */
  readonly openedAt: Date;
}

/** Creates an excess of no events. */
export function createExcess(options: ExcessOptions): Excess {
  return new CountedExcess(options);
}

class CountedExcess implements Excess {
  readonly #options: ExcessOptions;
  readonly #kinds = new Map<string, number>();
  /** One more than are named shows that there are too many. */
  readonly #namespaces = new Set<string>();
  #clusterName = '';
  #isWarning = false;
  #firstMs = Infinity;
  #lastMs = -Infinity;
  events = 0;

  constructor(options: ExcessOptions) {
    this.#options = options;
  }

  add(occurrence: Occurrence): void {
    // one that carries no time counts as of now
    const timeMs = occurrence.time.getTime() || this.#options.openedAt.getTime();
    this.#firstMs = Math.min(this.#firstMs, timeMs);
    this.#lastMs = Math.max(this.#lastMs, timeMs);
    this.events += 1;
    try {
      this.#tellApart(occurrence);
    } catch {
      // one that cannot be read is among the others
      this.#namespaces.add('');
    }
  }

  #tellApart({ event }: Occurrence): void {
    const { kind, namespace } = event.involvedObject;
    this.#isWarning ||= event.type === 'Warning';
    this.#clusterName = event.clusterName;
    if (this.#namespaces.size <= namedNamespaces) this.#namespaces.add(namespace);
    const name = `${nameOf(event.reason, 'no reason')} of ${nameOf(kind, 'no kind')}`;
    const count = this.#kinds.get(name) ?? 0;
    if (count > 0 || this.#kinds.size < mostKinds) this.#kinds.set(name, count + 1);
  }

  summary(now: Date): Occurrence {
    const { receiver, openedAt } = this.#options;
    const [namespace = '', receiverName = ''] = receiver.split('/');
    const event = createClusterEvent(
      {
        apiVersion: 'v1',
        kind: 'Event',
        metadata: {
          name: `${receiverName}.${openedAt.getTime().toString(16)}`,
          namespace,
          uid: derivedUid(`${this.#clusterName}/${receiver}/${openedAt.toISOString()}`),
          creationTimestamp: seconds(now.getTime()),
        },
        involvedObject: {
          apiVersion: 'eventroute.dev/v1beta1',
          kind: 'EventReceiver',
          namespace,
          name: receiverName,
        },
        type: this.#isWarning ? 'Warning' : 'Normal',
        reason: 'RateLimited',
        message: this.#message(),
        source: { component: 'eventroute' },
        reportingComponent: ownReportingController,
        firstTimestamp: seconds(this.#firstMs),
        lastTimestamp: seconds(this.#lastMs),
        count: this.events,
      },
      { clusterName: this.#clusterName },
    );
    return createOccurrence(event);
  }

  #message(): string {
    const { rate } = this.#options;
    const what = this.events === 1 ? '1 event' : `${this.events} events`;
    const were = this.events === 1 ? 'was' : 'were';
    const limit = `${rate.events} per ${formatDuration(rate.perMs)}`;
    return `${what}${this.#whence()} ${were} held back by the rate limit of ${limit}: ${this.#contents()}`;
  }

  #whence(): string {
    const namespaces = [...this.#namespaces];
    const last = namespaces.pop();
    if (last === undefined || namespaces.length >= namedNamespaces || this.#namespaces.has('')) return '';
    if (namespaces.length === 0) return ` of namespace ${last}`;
    return ` of namespaces ${namespaces.join(', ')} and ${last}`;
  }

  #contents(): string {
    const named = [...this.#kinds].sort(([, a], [, b]) => b - a).slice(0, namedKinds);
    const others = named.reduce((rest, [, count]) => rest - count, this.events);
    const parts = named.map(([name, count]) => `${count} ${name}`);
    if (others > 0) parts.push(others === 1 ? '1 other' : `${others} others`);
    return parts.join(', ');
  }
}

function nameOf(text: string, none: string): string {
  return text === '' ? none : text.slice(0, longestName);
}

const seconds = (timeMs: number): string => new Date(timeMs).toISOString().replace(/\.\d+Z$/, 'Z');

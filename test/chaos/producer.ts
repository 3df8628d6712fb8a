import { setTimeout as sleep } from 'node:timers/promises';

import { type Api, type JsonAnswer } from './api.ts';
import { type Random } from './random.ts';
import { type Truth } from './truth.ts';

/** How Events are made. */
export interface ProducerOptions {
  readonly api: Pick<Api, 'ask' | 'insist'>;
  readonly truth: Pick<Truth, 'add'>;
  readonly random: Random;
  readonly namespace: string;
  /** Writes a second. */
  readonly rate: number;
  readonly now: () => number;
}

/** Creates Events and repeats them, as controllers do, and notes what the API server holds of them. */
export interface Producer {
  start(): void;
  /** Stops; resolves when the fate of every write is known. */
  stop(): Promise<void>;
  /** Creates one Event; resolves to its uid when it is written. */
  create(): Promise<string>;
  /** Writes a second, over the time in which the API server could be asked. */
  rate(): number;
}

/** An Event that is repeated until it has happened `last` times. */
interface OpenEvent {
  readonly name: string;
  readonly object: string;
  readonly isSeries: boolean;
  readonly last: number;
  uid: string;
  number: number;
  message: string;
}

interface EventBody {
  readonly metadata: { readonly uid: string; readonly resourceVersion: string };
  readonly count?: number;
  readonly series?: { readonly count?: number };
}

/** The reason of all Events that a producer makes. */
export const eventReason = 'Chaos';

const objects = 120;
const mostOpen = 250;
const mostUnderWay = 48;
const turnMs = 10;
const mostAttempts = 60;

/** Creates a producer; it writes nothing before `start`. */
export function createProducer(options: ProducerOptions): Producer {
  return new EventProducer(options);
}

class EventProducer implements Producer {
  readonly #options: ProducerOptions;
  readonly #idle: OpenEvent[] = [];
  readonly #underWay = new Set<Promise<unknown>>();
  /** Writes whose fate is being found out: nothing else is written meanwhile. */
  #doubts = 0;
  #serial = 0;
  #written = 0;
  #activeMs = 0;
  #running: Promise<void> | undefined;
  #isStopping = false;

  constructor(options: ProducerOptions) {
    this.#options = options;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    await this.#running;
    await Promise.all(this.#underWay);
  }

  async create(): Promise<string> {
    const event = this.#invent(1);
    await this.#write(event);
    return event.uid;
  }

  rate(): number {
    return this.#activeMs === 0 ? 0 : (this.#written * 1_000) / this.#activeMs;
  }

  async #run(): Promise<void> {
    const { now, rate } = this.#options;
    let owed = 0;
    for (let lastMs = now(); !this.#isStopping;) {
      await sleep(turnMs);
      const passedMs = now() - lastMs;
      lastMs += passedMs;
      if (this.#doubts > 0) continue;
      this.#activeMs += passedMs;
      // what could not be written in time is not made up for all at once
      owed = Math.min(owed + (passedMs * rate) / 1_000, mostUnderWay);
      for (; owed >= 1 && this.#underWay.size < mostUnderWay; owed -= 1) this.#writeOne();
    }
  }

  #writeOne(): void {
    const { random } = this.#options;
    const isNew = this.#idle.length < mostOpen || random.next() < 0.05;
    const event = isNew ? this.#invent(random.between(1, 30)) : this.#takeIdle();
    const writing = this.#write(event).then(() => {
      this.#written += 1;
      this.#underWay.delete(writing);
      if (event.number < event.last) this.#idle.push(event);
    });
    this.#underWay.add(writing);
  }

  #takeIdle(): OpenEvent {
    const at = this.#options.random.between(0, this.#idle.length - 1);
    const taken = this.#idle[at]!;
    const last = this.#idle.pop()!;
    if (at < this.#idle.length) this.#idle[at] = last;
    return taken;
  }

  #invent(last: number): OpenEvent {
    const { random } = this.#options;
    this.#serial += 1;
    return {
      name: `event-${this.#serial}`,
      object: `pod-${random.between(1, objects)}`,
      isSeries: random.next() < 0.2,
      last,
      uid: '',
      number: 0,
      message: '',
    };
  }

  /** Writes the next occurrence of an Event; resolves when the API server has it. */
  async #write(event: OpenEvent): Promise<void> {
    const { now, truth, api } = this.#options;
    const number = event.number + 1;
    // a series has one text for all of its occurrences
    if (!event.isSeries || number === 1) event.message = `${event.name} happened, ${number}`;
    const sentMs = now();
    let body: EventBody | undefined;
    for (let attempt = 1; body === undefined; attempt += 1) {
      const request = number === 1 ? this.#creation(event) : this.#repetition(event, number);
      const answer = await api.ask(...request).catch(() => undefined);
      if (attempt > mostAttempts) throw new Error(`could not write an Event: ${JSON.stringify(answer)}`);
      body = isWritten(answer) ? (answer?.body as EventBody) : await this.#findOut(event, number);
    }
    event.uid = body.metadata.uid;
    event.number = number;
    const { uid, object, message } = event;
    const position = Number(body.metadata.resourceVersion);
    truth.add({ uid, number, object, message, position, sentMs, ackedMs: now() });
  }

  /** Reads whether a write was carried out whose answer never came. */
  async #findOut(event: OpenEvent, number: number): Promise<EventBody | undefined> {
    this.#doubts += 1;
    // what was under way when the API server died may still be carried out by etcd
    await sleep(500);
    const { api, namespace } = this.#options;
    const { status, body } = await api.insist('GET', `/api/v1/namespaces/${namespace}/events/${event.name}`);
    this.#doubts -= 1;
    if (status !== 200) return undefined;
    const found = body as EventBody;
    const known = Math.max(found.count ?? 0, found.series?.count ?? 0, 1);
    return known === number ? found : undefined;
  }

  #creation({ name, object, message, isSeries }: OpenEvent): Parameters<Api['ask']> {
    const { namespace } = this.#options;
    const regarding = { apiVersion: 'v1', kind: 'Pod', name: object, namespace };
    const time = new Date().toISOString();
    if (isSeries) {
      return [
        'POST',
        `/apis/events.k8s.io/v1/namespaces/${namespace}/events`,
        {
          apiVersion: 'events.k8s.io/v1',
          kind: 'Event',
          metadata: { name, namespace },
          eventTime: time.replace('Z', '000Z'),
          reportingController: 'chaos',
          reportingInstance: 'chaos-1',
          action: 'Happening',
          reason: eventReason,
          regarding,
          note: message,
          type: 'Warning',
        },
      ];
    }
    const seconds = time.replace(/\.\d+/, '');
    return [
      'POST',
      `/api/v1/namespaces/${namespace}/events`,
      {
        apiVersion: 'v1',
        kind: 'Event',
        metadata: { name, namespace },
        involvedObject: regarding,
        reason: eventReason,
        message,
        type: 'Normal',
        source: { component: 'chaos' },
        firstTimestamp: seconds,
        lastTimestamp: seconds,
        count: 1,
      },
    ];
  }

  #repetition({ name, message, isSeries }: OpenEvent, number: number): Parameters<Api['ask']> {
    const { namespace } = this.#options;
    const time = new Date().toISOString();
    return isSeries
      ? [
          'PATCH',
          `/apis/events.k8s.io/v1/namespaces/${namespace}/events/${name}`,
          { series: { count: number, lastObservedTime: time.replace('Z', '000Z') } },
        ]
      : [
          'PATCH',
          `/api/v1/namespaces/${namespace}/events/${name}`,
          { count: number, lastTimestamp: time.replace(/\.\d+/, ''), message },
        ];
  }
}

function isWritten(answer: JsonAnswer | undefined): boolean {
  return answer?.status === 200 || answer?.status === 201;
}

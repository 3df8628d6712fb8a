import { type Delivery } from '../delivery/delivery.ts';
import { type Occurrence } from '../event/occurrence.ts';
import { formatDuration } from '../schema/duration.ts';
import { type Log } from '../telemetry/log.ts';
import { createHandover, type Errand, type ErrandContext, type Handover, obstacleOf } from './errand.ts';
import { type History } from './history.ts';

/** What a replay works with beside the receiver. */
export interface ReplayOptions {
  readonly history: History;
  /** Tells where the routes of this moment send an occurrence. */
  readonly destinationsOf: (
    occurrence: Occurrence,
  ) => readonly { readonly receiver: string; readonly routes: readonly string[] }[];
  /** Knows up to which position everything was told live. */
  readonly delivery: Pick<Delivery, 'front'>;
  /** How long the API server keeps an Event. */
  readonly eventTtlMs: number;
  /** Held by the replay that reads: each is a list of all Events, so only one at a time does. */
  readonly reading: { by: Errand | undefined };
  readonly log: Log;
}

/** How long the API server is left in peace when it could not be asked. */
const pauseMs = 10_000;

/** Creates the errand that sends a receiver once more what the API server still holds for it. */
export function createReplayErrand(context: ErrandContext, options: ReplayOptions): Errand {
  return new ReplayErrand(context, options);
}

class ReplayErrand implements Errand {
  readonly #context: ErrandContext;
  readonly #options: ReplayOptions;
  readonly #handover: Handover;
  readonly #stopping = new AbortController();
  /** Everything up to here was read. */
  #position = '0';
  /** What is after this position is told live. */
  readonly #upTo: string;
  #isRead = false;
  #isFinished = false;
  #notBeforeMs = 0;
  #failure = '';

  constructor(context: ErrandContext, options: ReplayOptions) {
    this.#context = context;
    this.#options = options;
    this.#upTo = options.delivery.front ?? this.#position;
    this.#handover = createHandover(context, () => this.step());
  }

  get events(): number {
    return this.#handover.handed;
  }

  get message(): string {
    const rest = this.#isRead ? '' : ', goes on reading';
    const failure = this.#failure === '' ? '' : `; the Events could not be read: ${this.#failure}`;
    return `${this.#handover.tell()}${rest}${failure}${obstacleOf(this.#context.receiver)}`;
  }

  step(): void {
    const { reading, log } = this.#options;
    if (this.#isRead) {
      if (!this.#isFinished && this.#handover.outstanding === 0) this.#finish();
      return;
    }
    if (this.#stopping.signal.aborted || reading.by !== undefined || !this.#isTime()) return;
    reading.by = this;
    void this.#read()
      .then(() => (this.#failure = ''))
      .catch((error: unknown) => {
        if (this.#stopping.signal.aborted) return;
        this.#failure = error instanceof Error ? error.message : String(error);
        this.#notBeforeMs = this.#context.clock.now() + pauseMs;
        log.warn('Failed to read Events for a replay; trying again', { receiver: this.#context.key, error });
      })
      .finally(() => {
        reading.by = undefined;
        if (this.#isRead) this.step();
      });
  }

  stop(): void {
    this.#stopping.abort();
  }

  /** A list of all Events for each few that have room would be a poor bargain, so a good part of the room is to be free. */
  #isTime(): boolean {
    const { room, capacity } = this.#context.pipeline.catchUp;
    const isWorthIt =
      room > Math.floor(capacity * 0.75) || (this.#handover.outstanding === 0 && this.#handover.hasRoom);
    return isWorthIt && this.#context.clock.now() >= this.#notBeforeMs;
  }

  async #read(): Promise<void> {
    const { history } = this.#options;
    const replayed = await history.replay({
      after: this.#position,
      signal: this.#stopping.signal,
      onOccurrence: (occurrence) => this.#take(occurrence),
    });
    if (replayed.isWhole) this.#isRead = true;
  }

  #take(occurrence: Occurrence): 'enough' | undefined {
    const { history, destinationsOf } = this.#options;
    if (this.#stopping.signal.aborted) return 'enough';
    if (history.compare(occurrence.position, this.#upTo) > 0) {
      this.#isRead = true;
      return 'enough';
    }
    const { key: receiver, request } = this.#context;
    const isWanted = occurrence.time >= request.since;
    const destination = isWanted
      ? destinationsOf(occurrence).find((one) => one.receiver === receiver)
      : undefined;
    if (destination !== undefined) {
      const { routes } = destination;
      if (!this.#handover.hand({ ...occurrence, receiver, routes, requested: 'replay' })) return 'enough';
    }
    this.#position = occurrence.position;
    return undefined;
  }

  #finish(): void {
    this.#isFinished = true;
    const { request, finish } = this.#context;
    const { eventTtlMs, history } = this.#options;
    const { handed, lost } = this.#handover;
    const since = request.since.toISOString();
    const told =
      handed === 0
        ? `no Event since ${since} goes to this receiver by the routes of this moment`
        : this.#handover.tell();
    // with a spool there may be more
    const isBeyond =
      history.isNear === undefined && request.requestedAt.getTime() - request.since.getTime() > eventTtlMs;
    const limit = isBeyond ? `; the API server keeps Events for ${formatDuration(eventTtlMs)}` : '';
    finish({ state: lost === 0 ? 'Done' : 'Failed', message: `${told}${limit}` });
  }
}

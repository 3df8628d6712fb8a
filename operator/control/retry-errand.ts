import { type ObjectKey } from '../api/resource.ts';
import { type Occurrence } from '../event/occurrence.ts';
import { type SinkEvent } from '../sink-kit/index.ts';
import { type DeadLetterBook, type HeldLetter, sourceOf } from './dead-letter-book.ts';
import { createHandover, type Errand, type ErrandContext, type Handover, obstacleOf } from './errand.ts';

/** Reads an Event that the API server holds; undefined when there is none, rejects when that cannot be told. */
export type FindEvent = (key: ObjectKey) => Promise<Occurrence | undefined>;

/** What a retry works with beside the receiver. */
interface RetryOptions {
  readonly deadLetters: Pick<DeadLetterBook, 'all'>;
  readonly findEvent: FindEvent;
}

/** How long the API server is left in peace when it could not be asked. */
const pauseMs = 10_000;
const listedKeys = 3;
const longestKey = 60;

/** Creates the errand that sends dead letters to their receiver again. */
export function createRetryErrand(context: ErrandContext, options: RetryOptions): Errand {
  return new RetryErrand(context, options);
}

class RetryErrand implements Errand {
  readonly #context: ErrandContext;
  readonly #options: RetryOptions;
  readonly #handover: Handover;
  readonly #unknown: readonly string[];
  readonly #busy: number;
  readonly #waiting: HeldLetter[];
  #gone = 0;
  #notBeforeMs = 0;
  #failure = '';
  #state: 'idle' | 'reading' | 'over' = 'idle';
  #isStopped = false;

  constructor(context: ErrandContext, options: RetryOptions) {
    this.#context = context;
    this.#options = options;
    this.#handover = createHandover(context, () => this.step());
    const { keys } = context.request;
    const letters = options.deadLetters.all(context.key);
    const wanted = keys.length === 0 ? letters : letters.filter(({ told }) => keys.includes(told.key));
    const known = new Set(wanted.map(({ told }) => told.key));
    this.#unknown = keys.filter((key) => !known.has(key));
    this.#waiting = wanted.filter(({ isUnderWay }) => !isUnderWay);
    this.#busy = wanted.length - this.#waiting.length;
  }

  get events(): number {
    return this.#handover.handed;
  }

  get message(): string {
    const rest = this.#waiting.length > 0 ? `, ${this.#waiting.length} not begun` : '';
    const failure = this.#failure === '' ? '' : `; ${this.#failure}`;
    return `${this.#handover.tell()}${rest}${failure}${obstacleOf(this.#context.receiver)}`;
  }

  step(): void {
    if (this.#state !== 'idle' || this.#context.clock.now() < this.#notBeforeMs) return;
    if (this.#isStopped && this.#waiting.length > 0) return;
    for (let letter = this.#waiting[0]; letter !== undefined; letter = this.#waiting[0]) {
      if (!this.#handover.hasRoom) return;
      if (letter.event === undefined) {
        void this.#read(letter);
        return;
      }
      if (!this.#hand(letter, letter.event)) return;
      this.#waiting.shift();
    }
    if (this.#handover.outstanding === 0) this.#finish();
  }

  stop(): void {
    this.#isStopped = true;
  }

  #hand(letter: HeldLetter, event: SinkEvent): boolean {
    const isTaken = this.#handover.hand({ ...event, requested: 'retry' }, () => {
      letter.isUnderWay = false;
    });
    if (isTaken) letter.isUnderWay = true;
    return isTaken;
  }

  /** The Event as it is now stands for the occurrence that was given up: it has that one's key. */
  async #read(letter: HeldLetter): Promise<void> {
    this.#state = 'reading';
    const { uid, number, ...key } = sourceOf(letter.told);
    const found = await this.#options.findEvent(key).catch((thrown: unknown) => {
      this.#failure = `an Event could not be read and is asked for again: ${messageOf(thrown)}`;
      return 'failed' as const;
    });
    this.#state = 'idle';
    if (this.#isStopped) return;
    if (found === 'failed') {
      this.#notBeforeMs = this.#context.clock.now() + pauseMs;
      return;
    }
    this.#failure = '';
    if (found === undefined || found.event.uid !== uid) {
      this.#gone += 1;
    } else {
      const { key: receiver } = this.#context;
      const event = { ...found, key: letter.told.key, number, receiver, routes: [] };
      // there was room before the Event was read; when that has gone it is read once more
      if (!this.#hand(letter, event)) return;
    }
    this.#waiting.shift();
    this.step();
  }

  #finish(): void {
    this.#state = 'over';
    const { handed, lost } = this.#handover;
    const shown = this.#unknown
      .slice(0, listedKeys)
      .map((key) => key.slice(0, longestKey))
      .join(', ');
    const notes = [
      handed > 0 ? this.#handover.tell() : undefined,
      this.#gone > 0
        ? `${this.#gone} cannot be sent: the API server no longer holds their Events`
        : undefined,
      this.#busy > 0 ? `${this.#busy} were under way already` : undefined,
      this.#unknown.length > 0
        ? `not of dead letters here: ${this.#unknown.length} of the keys, ${shown}`
        : undefined,
    ].filter((note) => note !== undefined);
    const isWell = lost + this.#gone + this.#unknown.length === 0;
    const message = notes.length === 0 ? 'there are no dead letters' : notes.join('; ');
    this.#context.finish({ state: isWell ? 'Done' : 'Failed', message });
  }
}

function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

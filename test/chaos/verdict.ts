import { type Receipt } from './sinks.ts';
import { type ReceiverName } from './schedule.ts';
import { keyOf, type Truth, type Written } from './truth.ts';

/**
 * A time after which an operator reads Events again because it could not see them or forgot them: it died, it was stopped,
 * or the API server's history was gone. Between the two moments an Event that is repeated may be told once, with its highest
 * count: that is what docs/delivery.md promises of a cluster without a volume.
 */
export interface Blindness {
  /** Whom it is about; everybody when left out. */
  readonly receiver?: ReceiverName;
  /** When the operator, with what waited in it, was gone. */
  readonly fromMs: number;
  /** When an operator had read everything again; Infinity when none had. */
  readonly toMs: number;
  readonly why: string;
}

/** A time from which on a run held the Lease. */
export interface Leadership {
  readonly run: string;
  readonly fromMs: number;
}

/** All that is judged. */
export interface Observations {
  readonly truth: Truth;
  /** In the order in which they were taken. */
  readonly receipts: readonly Receipt[];
  readonly receivers: readonly ReceiverName[];
  /**
   * Receivers whose buffer never fills: they miss no repeat but in a blindness. Others catch up from the API server when it
   * is full, and then an Event's repeats come as one.
   */
  readonly roomy: readonly ReceiverName[];
  readonly blindnesses: readonly Blindness[];
  readonly leaderships: readonly Leadership[];
}

/** What a judgement is about. */
export const questions = {
  lost: 'the last state of every Event at the API server came to every receiver',
  skipped: 'every repeat that an operator could see came as well',
  invented: 'nothing came that the API server never held',
  keyed: 'every copy of an occurrence has the same key, <uid>-<number>, and says the same',
  ordered: "each run sent an object's occurrences in the order in which they were written",
  firstOrdered: "the first copies of an object's occurrences came in the order in which they were written",
  alone: 'nobody delivered once another held the Lease',
} as const;

/** A name of a question. */
export type Question = keyof typeof questions;

/** What the judgement came to. */
export interface Verdict {
  /** What speaks against an answer of yes, in words; at most a few findings. */
  examples(question: Question): readonly string[];
  /** How many findings there are. */
  count(question: Question): number;
  /** How many receipts were not the first of their key at their receiver. */
  readonly duplicates: number;
  /** How many repeats came within a later one of their Event, as a blindness allows. */
  readonly folded: number;
}

/** Receipts of one receiver, looked up in all the ways that the questions need. */
interface Shelf {
  readonly receiver: ReceiverName;
  readonly receipts: readonly Receipt[];
  readonly keys: ReadonlySet<string>;
  /** For each object, when each of its occurrences first came, with their positions. */
  readonly byObject: ReadonlyMap<string, readonly { readonly position: number; readonly atMs: number }[]>;
}

const mostExamples = 5;

/** Judges what came against what was written. It is exact: no tolerance hides a loss. */
export function judge(observed: Observations): Verdict {
  const notes = new Map<Question, string[]>();
  const counts = new Map<Question, number>();
  const find = (question: Question, text: string): void => {
    const told = notes.get(question) ?? [];
    if (told.length < mostExamples) told.push(text);
    notes.set(question, told);
    counts.set(question, (counts.get(question) ?? 0) + 1);
  };
  let folded = 0;
  let duplicates = 0;
  for (const receiver of observed.receivers) {
    const shelf = shelve(observed, receiver);
    duplicates += shelf.receipts.length - shelf.keys.size;
    judgeKeys(shelf, observed, find);
    judgeOrder(shelf, observed, find);
    folded += judgeCompleteness(shelf, observed, find);
  }
  judgeLeaders(observed, find);
  return {
    examples: (question) => notes.get(question) ?? [],
    count: (question) => counts.get(question) ?? 0,
    duplicates,
    folded,
  };
}

type Find = (question: Question, text: string) => void;

function shelve({ receipts: all, truth }: Observations, receiver: ReceiverName): Shelf {
  const receipts = all.filter((receipt) => receipt.receiver === receiver);
  const keys = new Set<string>();
  const byObject = new Map<string, { position: number; atMs: number }[]>();
  for (const { key, atMs } of receipts) {
    if (keys.has(key)) continue;
    keys.add(key);
    const written = truth.get(key);
    if (written === undefined) continue;
    const first = { position: written.position, atMs };
    const known = byObject.get(written.object);
    if (known === undefined) byObject.set(written.object, [first]);
    else known.push(first);
  }
  return { receiver, receipts, keys, byObject };
}

function judgeKeys({ receiver, receipts }: Shelf, { truth }: Observations, find: Find): void {
  for (const receipt of receipts) {
    const written = truth.get(keyOf(receipt));
    const told = `${receiver} got ${receipt.key} from ${receipt.run}`;
    if (written === undefined) find('invented', `${told}: ${JSON.stringify(receipt)}`);
    else if (receipt.key !== keyOf(written)) find('keyed', `${told}, but it is ${keyOf(written)}`);
    else if (receipt.message !== written.message)
      find('keyed', `${told} as "${receipt.message}", but it is "${written.message}"`);
  }
}

function judgeOrder({ receiver, receipts }: Shelf, { truth }: Observations, find: Find): void {
  const orders = { all: new Map<string, Written>(), run: new Map<string, Written>() };
  const seen = { all: new Set<string>(), run: new Set<string>() };
  for (const { key, run, atMs } of receipts) {
    const written = truth.get(key);
    if (written === undefined) continue;
    for (const [question, scope, context] of [
      ['firstOrdered', 'all', ''],
      ['ordered', 'run', `${run} `],
    ] as const) {
      if (seen[scope].has(context + key)) continue;
      seen[scope].add(context + key);
      const latest = orders[scope].get(context + written.object);
      if (latest !== undefined && latest.position > written.position) {
        const story = `${keyOf(latest)} (${latest.position}) before ${key} (${written.position})`;
        find(question, `${receiver} got of ${written.object} from ${run} at ${atMs}: ${story}`);
      } else {
        orders[scope].set(context + written.object, written);
      }
    }
  }
}

/** Gives how many repeats were folded into later ones, as they may be. */
function judgeCompleteness(shelf: Shelf, observed: Observations, find: Find): number {
  let folded = 0;
  const blindnesses = observed.blindnesses.filter(
    ({ receiver = shelf.receiver }) => receiver === shelf.receiver,
  );
  for (const occurrences of observed.truth.events.values()) {
    for (const [index, written] of occurrences.entries()) {
      if (shelf.keys.has(keyOf(written))) continue;
      const next = occurrences[index + 1];
      const told = `${shelf.receiver} never got ${keyOf(written)} (${written.object}, ${written.position}), written at ${written.sentMs}`;
      if (next === undefined) find('lost', told);
      else if (!observed.roomy.includes(shelf.receiver)) folded += 1;
      else if (blindnesses.some((blindness) => mayFold(blindness, { written, next, shelf }))) folded += 1;
      else find('skipped', `${told}; the next one was written at ${next.sentMs}`);
    }
  }
  return folded;
}

/**
 * An occurrence may be folded into the next when both were written before everything was read again, and when it was still
 * on its way at the beginning. Since an object's events come in order, one that was overtaken by a later event of its
 * object was no longer on its way.
 */
function mayFold(
  { fromMs, toMs }: Blindness,
  { written, next, shelf }: { written: Written; next: Written; shelf: Shelf },
): boolean {
  if (next.sentMs > toMs) return false;
  if (written.sentMs > fromMs) return true;
  const later = shelf.byObject.get(written.object) ?? [];
  return !later.some(({ position, atMs }) => position > written.position && atMs < fromMs);
}

function judgeLeaders({ receipts, leaderships }: Observations, find: Find): void {
  for (const [index, { run, fromMs }] of leaderships.entries()) {
    // a run that lost the Lease never gets it again: its process ends
    const past = new Set(leaderships.slice(0, index).map((leadership) => leadership.run));
    past.delete(run);
    for (const receipt of receipts) {
      if (!past.has(receipt.run) || receipt.atMs <= fromMs) continue;
      const lateMs = Math.round(receipt.atMs - fromMs);
      find('alone', `${receipt.run} sent ${receipt.key} ${lateMs} ms after ${run} had taken the Lease`);
    }
  }
}

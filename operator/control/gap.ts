import { type Reason, reasons } from '../schema/reasons.ts';
import { type OwnEvent } from './world.ts';

/** A time from which events may be missing for good. */
export interface Gap {
  readonly from: Date;
  readonly to: Date;
  readonly reason: Extract<Reason, 'HistoryExpired' | 'HistoryReplaced'>;
}

/** The Event that tells the users of a receiver of a gap. */
export function gapEvent({ from, to, reason }: Gap): OwnEvent {
  const span = `from ${from.toISOString()} to ${to.toISOString()}`;
  return { type: 'Warning', reason, message: `Events ${span} may be missing for good: ${reasons[reason]}` };
}

/** The gaps of each receiver since the operator started, by `namespace/name`. */
export interface Gaps {
  add(receiver: string, gap: Gap): void;
  of(receiver: string): { readonly count: number; readonly last: Gap | undefined };
  forget(receiver: string): void;
}

/** Creates an empty collection. */
export function createGaps(): Gaps {
  const gaps = new Map<string, { readonly count: number; readonly last: Gap }>();
  const none = { count: 0, last: undefined };
  return {
    add: (receiver, last) => gaps.set(receiver, { count: (gaps.get(receiver)?.count ?? 0) + 1, last }),
    of: (receiver) => gaps.get(receiver) ?? none,
    forget: (receiver) => gaps.delete(receiver),
  };
}

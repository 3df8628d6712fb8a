import { type Receipt } from './sinks.ts';
import { createTruth, type Written } from './truth.ts';
import { type Blindness, judge, type Leadership, type Question, questions } from './verdict.ts';

/** Three writes of one Event and one of another, both about the same object, a second apart. */
const written: readonly Written[] = [
  occurrence('a', 1, 10),
  occurrence('a', 2, 20),
  occurrence('b', 1, 30),
  occurrence('a', 3, 40),
];

function occurrence(uid: string, number: number, position: number): Written {
  const sentMs = position * 100;
  const message = `${uid} happened, ${number}`;
  return { uid, number, object: 'pod-1', message, position, sentMs, ackedMs: sentMs + 5 };
}

/** The receipt of what was written, by default soon after. */
function receipt(key: string, changes: Partial<Receipt> = {}): Receipt {
  const found = written.find(({ uid, number }) => `${uid}-${number}` === key)!;
  const { uid, number, message } = found;
  const usual = { receiver: 'hook', run: 'run-1', atMs: found.ackedMs + 10 } as const;
  return { ...usual, key, uid, number, message, ...changes };
}

interface Case {
  readonly receipts: readonly Receipt[];
  readonly blindnesses?: readonly Blindness[];
  readonly leaderships?: readonly Leadership[];
  readonly isRoomy?: boolean;
}

function judgeCase({ receipts, blindnesses = [], leaderships = [], isRoomy = true }: Case) {
  const truth = createTruth();
  for (const each of written) truth.add(each);
  const receivers = ['hook'] as const;
  return judge({ truth, receipts, receivers, roomy: isRoomy ? receivers : [], blindnesses, leaderships });
}

function foundIn(observed: Case): Question[] {
  const verdict = judgeCase(observed);
  return (Object.keys(questions) as Question[]).filter((question) => verdict.count(question) > 0);
}

const all = ['a-1', 'a-2', 'b-1', 'a-3'].map((key) => receipt(key));

describe('the verdict', () => {
  it('finds nothing where everything came once, in order', () => {
    expect(foundIn({ receipts: all })).toEqual([]);
  });

  it('counts copies with an equal key, and finds nothing in them', () => {
    const receipts = [...all, receipt('b-1', { atMs: 9_000 }), receipt('a-3', { run: 'run-2', atMs: 9_001 })];

    expect(foundIn({ receipts })).toEqual([]);
    expect(judgeCase({ receipts }).duplicates).toBe(2);
  });

  it('finds an Event whose last state never came, whatever else happened', () => {
    const always = { fromMs: 0, toMs: Infinity, why: 'kill' };
    const receipts = all.filter(({ key }) => key !== 'a-3');

    expect(foundIn({ receipts, blindnesses: [always] })).toEqual(['lost']);
    expect(foundIn({ receipts, isRoomy: false })).toEqual(['lost']);
    expect(foundIn({ receipts: all.slice(0, 2) })).toEqual(['lost']);
  });

  it('finds a repeat that never came though an operator saw it', () => {
    const receipts = all.filter(({ key }) => key !== 'a-2');

    expect(foundIn({ receipts })).toEqual(['skipped']);
  });

  it('lets a repeat be folded into the next where a receiver catches up', () => {
    const receipts = all.filter(({ key }) => key !== 'a-2');

    expect(foundIn({ receipts, isRoomy: false })).toEqual([]);
    expect(judgeCase({ receipts, isRoomy: false }).folded).toBe(1);
  });

  it('lets a repeat be folded into the next where both were written before all was read again', () => {
    const receipts = [
      receipt('a-1'),
      receipt('b-1', { run: 'run-2', atMs: 6_000 }),
      receipt('a-3', { run: 'run-2', atMs: 6_001 }),
    ];
    const judged = (fromMs: number, toMs: number): Question[] =>
      foundIn({ receipts, blindnesses: [{ fromMs, toMs, why: 'kill' }] });

    expect(judged(1_500, 5_000)).toEqual([]);
    // it waited in the operator that died
    expect(judged(2_500, 5_000)).toEqual([]);
    // the next one came after everything was read again
    expect(judged(1_500, 3_900)).toEqual(['skipped']);
    const elsewhere = { receiver: 'search', fromMs: 1_500, toMs: 5_000, why: 'kill' } as const;
    expect(foundIn({ receipts, blindnesses: [elsewhere] })).toEqual(['skipped']);
  });

  it('does not let a repeat be folded that a later event of its object had overtaken before', () => {
    const receipts = [receipt('a-1'), receipt('b-1'), receipt('a-3', { run: 'run-2', atMs: 6_000 })];

    const found = foundIn({ receipts, blindnesses: [{ fromMs: 3_500, toMs: 5_000, why: 'kill' }] });

    expect(found).toEqual(['skipped']);
  });

  it('finds a copy with another key', () => {
    const receipts = [...all, receipt('b-1', { key: 'b-7', atMs: 9_000 })];

    expect(foundIn({ receipts })).toEqual(['keyed']);
  });

  it('finds a key that was given to another occurrence', () => {
    const receipts = [...all, receipt('b-1', { key: 'a-3', atMs: 9_000 })];

    expect(foundIn({ receipts })).toEqual(['keyed']);
  });

  it('finds a copy that says something else', () => {
    const receipts = [...all, receipt('a-3', { message: 'a happened, 2', atMs: 9_000 })];

    expect(foundIn({ receipts })).toEqual(['keyed']);
  });

  it('finds what the API server never held', () => {
    const receipts = [...all, receipt('a-3', { uid: 'c', key: 'c-3' })];

    expect(foundIn({ receipts })).toEqual(['invented']);
  });

  it('finds an event that overtook an earlier one of its object', () => {
    const [first, second, third, fourth] = all as [Receipt, Receipt, Receipt, Receipt];

    expect(foundIn({ receipts: [first, third, second, fourth] })).toEqual(['ordered', 'firstOrdered']);
  });

  it('lets a later run repeat what came already, but not out of order', () => {
    const again = (key: string): Receipt => receipt(key, { run: 'run-2', atMs: 9_000 });

    expect(foundIn({ receipts: [...all, again('b-1'), again('a-3')] })).toEqual([]);
    expect(foundIn({ receipts: [...all, again('a-3'), again('b-1')] })).toEqual(['ordered']);
  });

  it('finds a delivery of one who no longer holds the Lease', () => {
    const leaderships = [
      { run: 'run-1', fromMs: 0 },
      { run: 'run-2', fromMs: 4_500 },
    ];

    expect(foundIn({ receipts: all, leaderships })).toEqual([]);
    expect(foundIn({ receipts: [...all, receipt('a-3', { atMs: 4_600 })], leaderships })).toEqual(['alone']);
    const byLeader = receipt('a-3', { run: 'run-2', atMs: 4_600 });
    expect(foundIn({ receipts: [...all, byLeader], leaderships })).toEqual([]);
  });
});

import { createRandom, type Random } from './random.ts';

/** What can go wrong, and what each fault is. */
export const faults = {
  kill: 'the operator is killed with -9 and started again',
  stop: 'the operator is stopped with SIGTERM and started again',
  freeze: 'the operator is frozen (SIGSTOP) and goes on',
  cut: "the operator's connections to the API server are cut and refused",
  stall: "the operator's connections to the API server carry nothing, and none is closed",
  restart: 'the API server ends in order and starts again',
  crash: 'the API server is killed with -9 and starts again',
  compact: 'etcd forgets all history',
  refuse: 'a sink answers 503',
  hang: 'a sink does not answer',
  close: 'a sink closes connections, before it took events and after, in the middle of its answer',
  partial: 'Elasticsearch refuses a part of each bulk request',
  rotate: 'the token of a sink changes, in the sink and in its Secret',
  reroute: 'an EventRoute changes, comes or goes, with no event the worse for it',
  takeover: 'the leader is killed with -9, and the replica that stands by takes over',
  depose: 'the leader reaches the API server no more, and the replica that stands by takes over',
  sleep: 'the leader is frozen for longer than its Lease lasts, and the replica that stands by takes over',
  handover: 'the leader is stopped with SIGTERM, and the replica that stands by takes over',
} as const;

/** A kind of fault. */
export type FaultName = keyof typeof faults;

/** A fault of a schedule. */
export interface Fault {
  /** From the start of the load. */
  readonly atMs: number;
  readonly fault: FaultName;
  /** How long it lasts. */
  readonly forMs: number;
  /** Whom it is about: a receiver, or the number of a change. */
  readonly target: string;
}

/** Faults that follow each other; the lanes of a schedule go on at the same time. */
export interface Lane {
  readonly name: string;
  readonly faults: readonly Fault[];
}

/** What goes wrong when. */
export interface Schedule {
  /** How long there is load. */
  readonly loadMs: number;
  /** From here on a leader and a replica that stands by share the work; before it, one operator works alone. */
  readonly pairFromMs: number;
  readonly lanes: readonly Lane[];
}

/** The receivers whose sinks fail. */
export const receivers = ['hook', 'small', 'search'] as const;
/** A receiver of the chaos. */
export type ReceiverName = (typeof receivers)[number];

/** What a lane is made of. */
interface Plan {
  readonly name: string;
  readonly fromMs: number;
  readonly toMs: number;
  /** The shortest and the longest time between two faults. */
  readonly pauseMs: readonly [number, number];
  readonly forMs: readonly [number, number];
  /** They take turns in a random order, so that each one comes before one comes twice. */
  readonly kinds: readonly (readonly [FaultName, string])[];
}

/**
 * The ways in which a leader goes, in the order in which they are chosen as long as there is time, and how long each may take:
 * a Lease that nobody releases lasts 45 s.
 */
const successions = [
  ['handover', 10_000],
  ['takeover', 52_000],
  ['depose', 56_000],
  ['sleep', 56_000],
  ['takeover', 52_000],
] as const satisfies readonly (readonly [FaultName, number])[];
/** Their share of the load. */
const pairShare = 0.45;
/** The time that a run needs besides its load: the cluster's start, latencies, and what waits at the end. */
const otherMs = 42_000;

/** Makes the schedule of a seed; the same seed and time give the same schedule. */
export function createSchedule({ seed, minutes }: { seed: number; minutes: number }): Schedule {
  const loadMs = Math.max(70_000, minutes * 60_000 - otherMs);
  const random = createRandom(seed);
  const leaders = leaderLane(loadMs, random);
  const pairFromMs = (leaders.faults[0]?.atMs ?? loadMs) - 2_000;
  const always = { fromMs: 1_000, toMs: loadMs - 4_000 };
  const plans: Plan[] = [
    {
      name: 'operator',
      fromMs: 2_000,
      toMs: pairFromMs - 2_000,
      pauseMs: [5_000, 16_000],
      forMs: [200, 5_000],
      kinds: kinds('kill', 'kill', 'kill', 'cut', 'stall', 'freeze', 'stop'),
    },
    {
      // a replica cannot take over while the API server is away, so that is left to the time of one operator
      name: 'API server',
      fromMs: 5_000,
      toMs: pairFromMs - 3_000,
      pauseMs: [15_000, 45_000],
      forMs: [0, 2_000],
      kinds: kinds('restart', 'crash'),
    },
    { name: 'etcd', ...always, pauseMs: [5_000, 30_000], forMs: [0, 0], kinds: kinds('compact') },
    {
      name: 'changes',
      ...always,
      pauseMs: [3_000, 10_000],
      forMs: [0, 0],
      kinds: kinds('rotate', 'reroute', 'reroute'),
    },
    ...receivers.map((receiver): Plan => ({
      name: `sink of ${receiver}`,
      ...always,
      pauseMs: [1_500, 8_000],
      forMs: [500, 6_000],
      kinds: [...kinds('refuse', 'hang', 'close'), ...(receiver === 'search' ? kinds('partial') : [])].map(
        ([fault]) => [fault, receiver] as const,
      ),
    })),
  ];
  return { loadMs, pairFromMs, lanes: [...plans.map((plan) => fill(plan, random)), leaders] };
}

function kinds(...names: readonly FaultName[]): (readonly [FaultName, string])[] {
  return names.map((name) => [name, ''] as const);
}

function fill({ name, fromMs, toMs, pauseMs, forMs, kinds: all }: Plan, random: Random): Lane {
  const filled: Fault[] = [];
  let rest: (readonly [FaultName, string])[] = [];
  for (let atMs = fromMs + random.between(0, 2_000); ;) {
    if (rest.length === 0) rest = [...all];
    const [[fault, target] = all[0]!] = rest.splice(random.between(0, rest.length - 1), 1);
    const lastsMs = random.between(...forMs);
    if (atMs + lastsMs > toMs) return { name, faults: filled };
    filled.push({ atMs, fault, forMs: lastsMs, target });
    atMs += lastsMs + random.between(...pauseMs);
  }
}

/** As many successions as there is time for, at the end of the load, in a random order. */
function leaderLane(loadMs: number, random: Random): Lane {
  const chosen: (typeof successions)[number][] = [];
  let leftMs = loadMs * pairShare;
  for (const succession of successions) {
    leftMs -= succession[1];
    if (leftMs < 0) break;
    chosen.splice(random.between(0, chosen.length), 0, succession);
  }
  let atMs = loadMs - chosen.reduce((sum, [, forMs]) => sum + forMs, 0);
  const filled = chosen.map(([fault, forMs]): Fault => {
    const begun = { atMs, fault, forMs: 0, target: '' };
    atMs += forMs;
    return begun;
  });
  return { name: 'leader', faults: filled };
}

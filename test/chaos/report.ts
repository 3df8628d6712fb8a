import { type Saboteur } from './saboteur.ts';
import { type FaultName, faults } from './schedule.ts';
import { type Question, questions, type Verdict } from './verdict.ts';
import { type Watcher } from './watcher.ts';

/** Something that has to be so, and what speaks against it. */
export interface Check {
  readonly title: string;
  readonly objections: readonly string[];
  /** How many objections there are, where only some are told. */
  readonly count: number;
}

/** What a whole run came to. */
export interface Outcome {
  readonly verdict: Verdict;
  readonly watcher: Pick<Watcher, 'law' | 'mostMemoryBytes'>;
  readonly saboteur: Pick<Saboteur, 'done' | 'complaints'>;
  /** Statuses, compared with what they have to say. */
  readonly statusObjections: readonly string[];
  /** The API server's own list, compared with what was written. */
  readonly listObjections: readonly string[];
  /** Ends and log lines of operators that nobody wanted. */
  readonly operatorObjections: readonly string[];
  /** How many takeovers there were, of how many that were planned. */
  readonly takeovers: { readonly seen: number; readonly wanted: number };
}

/** The memory that the chart lets the operator have. */
const memoryLimitBytes = 512 * 1_024 * 1_024;

/** Makes the checks of an outcome. */
export function checksOf(outcome: Outcome): Check[] {
  const { verdict, watcher, saboteur, takeovers } = outcome;
  const { law, mostMemoryBytes } = watcher;
  const check = (title: string, objections: readonly string[]): Check => ({
    title,
    objections: objections.slice(0, 5),
    count: objections.length,
  });
  const megabytes = Math.round(mostMemoryBytes / 1_048_576);
  return [
    ...(Object.keys(questions) as Question[]).map((question) => ({
      title: questions[question],
      objections: verdict.examples(question),
      count: verdict.count(question),
    })),
    check(
      `received = delivered + dropped + deadLettered + pending at each of ${law.looks} looks`,
      law.looks === 0 ? ['nobody looked'] : law.broken,
    ),
    check('nothing was dropped and no gap was told', outcome.statusObjections),
    check('the API server holds what was written, as it was written', outcome.listObjections),
    check(
      `another replica took over each of ${takeovers.wanted} times`,
      takeovers.seen >= takeovers.wanted ? [] : [`only ${takeovers.seen} takeovers were seen`],
    ),
    check('operators did what faults ask of them, and no more', [
      ...saboteur.complaints,
      ...outcome.operatorObjections,
    ]),
    check(
      `no operator took more memory than the chart allows (512 MiB; the most was ${megabytes} MiB)`,
      mostMemoryBytes < memoryLimitBytes && mostMemoryBytes > 0 ? [] : [`${megabytes} MiB`],
    ),
  ];
}

/** Writes the table of faults: how often each was done. */
export function faultTable(done: ReadonlyMap<FaultName, number>): string {
  const names = Object.keys(faults) as FaultName[];
  const rows = names.map(
    (name) => `  ${name.padEnd(10)}${String(done.get(name) ?? 0).padStart(5)}  ${faults[name]}`,
  );
  return [`  ${'fault'.padEnd(10)}${'times'.padStart(5)}`, ...rows].join('\n');
}

/** Writes the checks, and how many passed in the last line. */
export function checkTable(checks: readonly Check[]): string {
  const lines = checks.flatMap(({ title, objections, count }) => {
    if (count === 0) return [`ok      ${title}`];
    const rest = count > objections.length ? [`          and ${count - objections.length} more`] : [];
    return [`FAILED  ${title}`, ...objections.map((objection) => `          ${objection}`), ...rest];
  });
  const failed = checks.filter(({ count }) => count > 0).length;
  return [...lines, '', `${checks.length - failed} passed, ${failed} failed`].join('\n');
}

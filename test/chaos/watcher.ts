import { rootNamespace } from '../e2e/operator-process.ts';
import { type Api } from './api.ts';
import { type Operators, type Run } from './operators.ts';
import { type ReceiverName } from './schedule.ts';
import { type Blindness, type Leadership } from './verdict.ts';

/** What is seen of the operators while they run. */
export interface Watcher {
  /** Looks at everything once; called every half second. */
  look(): Promise<void>;
  /** How often the law of delivery was looked at, and where it was broken. */
  readonly law: { readonly looks: number; readonly broken: readonly string[] };
  readonly mostMemoryBytes: number;
  /** Who held the Lease, from its own record. */
  readonly leaderships: readonly Leadership[];
  /** Who holds it now; undefined when nobody does. */
  leader(): Run | undefined;
  /** When operators had to read Events again. */
  blindnesses(of: readonly ReceiverName[]): Blindness[];
}

interface Lease {
  readonly spec?: { readonly holderIdentity?: string; readonly acquireTime?: string };
}

const leasePath = `/apis/coordination.k8s.io/v1/namespaces/${rootNamespace}/leases/eventroute`;
const lookMs = 2_000;
/** A list of all Events, after the wait that the log tells, takes less. */
const longestListMs = 10_000;

/** Creates a watcher of operators. */
export function createWatcher(operators: Operators, api: Pick<Api, 'ask'>): Watcher {
  const law = { looks: 0, broken: [] as string[] };
  const leaderships: Leadership[] = [];
  let mostMemoryBytes = 0;
  let leader: Run | undefined;

  const lookAtMetrics = async (run: Run): Promise<void> => {
    const answer = await fetch(`${run.url}/metrics`, { signal: AbortSignal.timeout(lookMs) });
    const text = await answer.text();
    const gauges = text.split('\n').filter((line) => line.startsWith('eventroute_unaccounted_events{'));
    if (gauges.length > 0) law.looks += 1;
    for (const line of gauges) if (!line.endsWith(' 0')) law.broken.push(`${run.name}: ${line}`);
    const memory = /^process_resident_memory_bytes (\S+)/m.exec(text)?.[1];
    mostMemoryBytes = Math.max(mostMemoryBytes, Number(memory ?? 0));
  };
  const lookAtLease = async (): Promise<void> => {
    const { status, body } = await api.ask('GET', leasePath);
    if (status !== 200) return;
    const { holderIdentity = '', acquireTime = '' } = (body as Lease).spec ?? {};
    const pid = Number(holderIdentity.slice(holderIdentity.lastIndexOf('_') + 1));
    leader = operators.runs.find((run) => run.pid === pid && holderIdentity !== '');
    if (leader === undefined || leaderships.at(-1)?.run === leader.name) return;
    leaderships.push({ run: leader.name, fromMs: Date.parse(acquireTime) });
  };
  return {
    law,
    leaderships,
    get mostMemoryBytes() {
      return mostMemoryBytes;
    },
    leader: () => leader,
    async look() {
      operators.readLogs();
      for (const run of operators.runs) {
        if (run.endedMs !== undefined || run.isAlive()) continue;
        run.endedMs = Date.now();
        run.endedByItself = true;
      }
      const alive = operators.runs.filter((run) => run.isAlive());
      await Promise.allSettled([...alive.map(lookAtMetrics), lookAtLease()]);
    },
    blindnesses(of) {
      const { runs } = operators;
      return runs.flatMap((run) => [
        ...of.flatMap((receiver) => endOf(run, runs, receiver)),
        ...relistsOf(run),
      ]);
    },
  };
}

function timeOf({ timestamp }: { readonly timestamp: string }): number {
  return Date.parse(timestamp);
}

/** What an operator had in memory is gone with it; the next one reads everything again. */
function endOf({ name, endedMs, lines }: Run, runs: readonly Run[], receiver: ReceiverName): Blindness[] {
  if (endedMs === undefined || !lines.some(({ message }) => message === 'Began to deliver')) return [];
  const readings = runs
    .filter((run) => run.name !== name)
    .flatMap((run) => run.lines)
    .filter(({ message }) => message === 'Read Events again for receivers that were behind')
    .filter(({ names }) => (names as string[]).includes(`${rootNamespace}/${receiver}`))
    .map(timeOf)
    .filter((atMs) => atMs > endedMs);
  return [{ receiver, fromMs: endedMs, toMs: Math.min(Infinity, ...readings), why: `${name} ended` }];
}

/** What happened before a list that follows on lost history is known by that list alone. */
function relistsOf({ name, lines }: Run): Blindness[] {
  return lines
    .filter(({ message }) => message === 'The history that the watch needed is gone; listing again')
    .filter(({ path }) => path === '/api/v1/events')
    .map((line) => ({
      fromMs: timeOf(line),
      toMs: timeOf(line) + Number(line.waitMs) + longestListMs,
      why: `${name} lost its history`,
    }));
}

import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { type ApiAnswer } from '../cluster/api-server.ts';
import { type Cluster } from '../cluster/cluster.ts';
import {
  operatorAccount,
  type OperatorProcess,
  rootNamespace,
  startOperator,
} from '../e2e/operator-process.ts';
import { type Link, startLink } from './link.ts';

/** A line of an operator's log. */
export interface LogLine {
  readonly level: string;
  readonly message: string;
  readonly timestamp: string;
  readonly [field: string]: unknown;
}

/** One life of an operator's process. */
export interface Run {
  /** What it writes into every event as clusterName. */
  readonly name: string;
  readonly link: Link;
  readonly pid: number;
  readonly url: string;
  readonly startedMs: number;
  /** When it was killed, cut off for good or asked to stop; undefined while it runs. */
  endedMs: number | undefined;
  /** It ended although nobody wanted it to. */
  endedByItself: boolean;
  readonly lines: LogLine[];
  /** Whether the process is there. */
  isAlive(): boolean;
  signal(signal: NodeJS.Signals): void;
  /** Ends it by a signal; resolves when the process is gone. */
  end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void>;
}

/** The operators of a chaos, dead and alive. */
export interface Operators extends AsyncDisposable {
  readonly runs: readonly Run[];
  /** Starts an operator behind a link, alone or as a candidate for the Lease; does not wait until it is ready. */
  start(link: Link, options?: { readonly isCandidate?: boolean }): Promise<Run>;
  /** Opens another link to the API server. */
  link(): Promise<Link>;
  /** Reads what the operators printed since the last time. */
  readLogs(): void;
}

/** How operators are started. */
export interface OperatorsOptions {
  readonly now: () => number;
  /** The operator that works alone keeps Events in a folder; of two, each would have its own. */
  readonly hasVolume: boolean;
}

/** Prepares to start operators as the chart's Deployment does, also while the API server is away. */
export async function createOperators(
  cluster: Cluster,
  { now, hasVolume }: OperatorsOptions,
): Promise<Operators> {
  const runs: Run[] = [];
  const links: Link[] = [];
  const readers: (() => void)[] = [];
  const volume = join(cluster.folder, 'volume');
  if (hasVolume) await mkdir(volume);
  const path = `/apis/apps/v1/namespaces/${rootNamespace}/deployments/eventroute`;
  const deployment = await cluster.request(path);
  // nobody waits for the Lease of an operator that worked alone and was killed
  const text = deployment.text.replace('"--leader-elect",', '');
  if (text === deployment.text) throw new Error('the chart no longer starts operators with --leader-elect');
  const alone: ApiAnswer = { status: deployment.status, text, json: () => JSON.parse(text) as unknown };
  const account = await readFile(await cluster.tokenFor(operatorAccount), 'utf8');

  const start: Operators['start'] = async (link, { isCandidate = false } = {}) => {
    const name = `run-${runs.length + 1}`;
    const kubeconfig = join(cluster.folder, `${name}.kubeconfig`);
    await writeFile(kubeconfig, account.replaceAll(cluster.url, `https://127.0.0.1:${link.port}`), {
      mode: 0o600,
    });
    const behindLink: Cluster = {
      ...cluster,
      tokenFor: () => Promise.resolve(kubeconfig),
      request: () => Promise.resolve(isCandidate ? deployment : alone),
    };
    const startedMs = now();
    const process = await startOperator(behindLink, {
      args: [`--cluster-name=${name}`, ...(hasVolume && !isCandidate ? [`--data-dir=${volume}`] : [])],
      awaitReady: false,
    });
    const run = createRun({ name, link, startedMs, process }, now);
    readers.push(readerOf(run, process));
    runs.push(run);
    return run;
  };
  return {
    runs,
    start,
    async link() {
      const link = await startLink(Number(new URL(cluster.url).port));
      links.push(link);
      return link;
    },
    readLogs: () => readers.forEach((read) => read()),
    async [Symbol.asyncDispose]() {
      await Promise.all(runs.map((run) => run.end('SIGKILL')));
      await Promise.all(links.map((link) => link[Symbol.asyncDispose]()));
    },
  };
}

function createRun(
  { process: started, ...facts }: Pick<Run, 'name' | 'link' | 'startedMs'> & { process: OperatorProcess },
  now: () => number,
): Run {
  const isAlive = (): boolean => {
    try {
      return process.kill(started.pid, 0);
    } catch {
      return false;
    }
  };
  const run: Run = {
    ...facts,
    pid: started.pid,
    url: started.url,
    endedMs: undefined,
    endedByItself: false,
    lines: [],
    isAlive,
    signal(signal) {
      if (isAlive()) process.kill(started.pid, signal);
    },
    async end(signal) {
      run.endedMs ??= now();
      if (!isAlive()) return;
      // one that hangs at its end is a fault, but must not keep the others from being judged
      const late = setTimeout(() => void started.stop('SIGKILL'), 40_000);
      await started.stop(signal);
      clearTimeout(late);
      // its last words are still in the pipe
      await sleep(20);
    },
  };
  return run;
}

function readerOf(run: Run, operator: OperatorProcess): () => void {
  let read = 0;
  return () => {
    const text = operator.output();
    const end = text.lastIndexOf('\n') + 1;
    for (const line of text.slice(read, end).split('\n')) {
      if (line === '') continue;
      run.lines.push(line.startsWith('{') ? (JSON.parse(line) as LogLine) : stray(line));
    }
    read = end;
  };
}

/** What Node.js itself says, of an exception for example. */
function stray(message: string): LogLine {
  return { level: 'error', message, timestamp: new Date().toISOString() };
}

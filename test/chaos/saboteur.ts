import { setTimeout as sleep } from 'node:timers/promises';

import { rootNamespace } from '../e2e/operator-process.ts';
import { type Run } from './operators.ts';
import { type Fault, type FaultName, type ReceiverName } from './schedule.ts';
import { type Mood } from './sinks.ts';
import { type Watcher } from './watcher.ts';
import { type ChaosWorld, harmlessSpecs, pathOf, secondRoute, tokenSecret } from './world.ts';

/** Does what a schedule says. */
export interface Saboteur {
  /** Starts the operator that works alone. */
  startAlone(): Promise<void>;
  /** Replaces it by a leader and a replica that stands by; resolves when one leads. */
  startPair(): Promise<void>;
  /** Does a fault; resolves when it is over. */
  commit(fault: Fault): Promise<void>;
  /** Starts operators again that ended by themselves, as a kubelet does. */
  restartEnded(): Promise<void>;
  /** How often each fault was done. */
  readonly done: ReadonlyMap<FaultName, number>;
  /** What an operator did in faults that it should not. */
  readonly complaints: readonly string[];
}

const takeoverTimeoutMs = 75_000;
const endTimeoutMs = 30_000;

/** Creates a saboteur of a world. */
export function createSaboteur(world: ChaosWorld, watcher: Watcher): Saboteur {
  return new WorldSaboteur(world, watcher);
}

class WorldSaboteur implements Saboteur {
  readonly #world: ChaosWorld;
  readonly #watcher: Watcher;
  readonly done = new Map<FaultName, number>();
  readonly complaints: string[] = [];
  #alone: Run | undefined;
  #isPair = false;
  #changes = 0;
  #tokens = 0;
  #hasSecond = false;

  constructor(world: ChaosWorld, watcher: Watcher) {
    this.#world = world;
    this.#watcher = watcher;
  }

  async startAlone(): Promise<void> {
    const { operators } = this.#world;
    this.#alone = await operators.start(this.#alone?.link ?? (await operators.link()));
  }

  async startPair(): Promise<void> {
    await this.#alone?.end('SIGTERM');
    this.#alone = undefined;
    this.#isPair = true;
    await this.#startCandidate();
    await this.#startCandidate();
    await this.#awaitLeader(undefined, takeoverTimeoutMs);
  }

  async restartEnded(): Promise<void> {
    if (this.#alone?.endedByItself === true) await this.startAlone();
    if (!this.#isPair) return;
    const alive = this.#world.operators.runs.filter(({ endedMs }) => endedMs === undefined);
    for (const _ of Array.from({ length: 2 - alive.length })) await this.#startCandidate();
  }

  async commit({ fault, forMs, target }: Fault): Promise<void> {
    await this.#acts[fault](forMs, target);
    this.done.set(fault, (this.done.get(fault) ?? 0) + 1);
  }

  readonly #acts: Readonly<Record<FaultName, (forMs: number, target: string) => Promise<void>>> = {
    kill: (forMs) => this.#restart('SIGKILL', forMs),
    stop: (forMs) => this.#restart('SIGTERM', forMs),
    freeze: async (forMs) => {
      const run = this.#alone;
      run?.signal('SIGSTOP');
      await sleep(forMs);
      run?.signal('SIGCONT');
    },
    cut: async (forMs) => {
      const link = this.#alone?.link;
      await link?.cut();
      await sleep(forMs);
      await link?.mend();
    },
    stall: async (forMs) => {
      const link = this.#alone?.link;
      link?.stall();
      await sleep(forMs);
      await link?.mend();
    },
    restart: (forMs) => this.#restartApiServer(forMs, false),
    crash: (forMs) => this.#restartApiServer(forMs, true),
    compact: () => this.#world.cluster.compactEtcd(),
    refuse: (forMs, target) => this.#upset('refuse', forMs, target),
    hang: (forMs, target) => this.#upset('hang', forMs, target),
    close: (forMs, target) => this.#upset('close', forMs, target),
    partial: (forMs, target) => this.#upset('partial', forMs, target),
    rotate: () => this.#rotate(),
    reroute: () => this.#reroute(),
    takeover: () => this.#replaceLeader((leader) => leader.end('SIGKILL')),
    handover: () => this.#replaceLeader((leader) => leader.end('SIGTERM')),
    depose: () =>
      this.#replaceLeader(
        (leader) => leader.link.stall(),
        (leader) => leader.link.mend(),
      ),
    sleep: () =>
      this.#replaceLeader(
        (leader) => leader.signal('SIGSTOP'),
        (leader) => leader.signal('SIGCONT'),
      ),
  };

  async #restart(signal: 'SIGKILL' | 'SIGTERM', forMs: number): Promise<void> {
    await this.#alone?.end(signal);
    await sleep(forMs);
    await this.startAlone();
  }

  async #restartApiServer(forMs: number, abrupt: boolean): Promise<void> {
    const { cluster } = this.#world;
    await cluster.stopApiServer({ abrupt });
    await sleep(forMs);
    await cluster.startApiServer();
  }

  async #upset(mood: Mood, forMs: number, target: string): Promise<void> {
    const sink = this.#world.sinks[target as ReceiverName];
    sink.mood = mood;
    await sleep(forMs);
    sink.mood = 'well';
  }

  async #rotate(): Promise<void> {
    const { api, sinks } = this.#world;
    this.#tokens += 1;
    const token = `token-${this.#tokens}`;
    const data = { token: Buffer.from(token).toString('base64') };
    // the sink knows the new one first, so that there is a time in which only the old one is known here
    sinks.hook.token = token;
    await sleep(500);
    await api.insist('PATCH', `/api/v1/namespaces/${rootNamespace}/secrets/${tokenSecret}`, { data });
  }

  async #reroute(): Promise<void> {
    const { api } = this.#world;
    this.#changes += 1;
    if (this.#changes % 3 === 0) {
      if (this.#hasSecond) await api.insist('DELETE', pathOf('eventroutes', secondRoute.metadata.name));
      else await api.insist('POST', pathOf('eventroutes'), secondRoute);
      this.#hasSecond = !this.#hasSecond;
      return;
    }
    const spec = harmlessSpecs[this.#changes % harmlessSpecs.length];
    const { status, body } = await api.insist('PATCH', pathOf('eventroutes', 'chaos'), { spec });
    if (status !== 200) this.complaints.push(`a harmless change was refused: ${JSON.stringify(body)}`);
  }

  async #startCandidate(): Promise<void> {
    const { operators } = this.#world;
    await operators.start(await operators.link(), { isCandidate: true });
  }

  /** Lets a leader fail, waits for the next one, lets the old one recover, and gives it a successor. */
  async #replaceLeader(
    fail: (leader: Run) => void | Promise<void>,
    recover: (leader: Run) => void | Promise<void> = () => undefined,
  ): Promise<void> {
    const leader = this.#watcher.leader();
    if (leader === undefined) {
      this.complaints.push('nobody led when the leader was to fail');
      return;
    }
    leader.endedMs = Date.now();
    await fail(leader);
    await this.#awaitLeader(leader, takeoverTimeoutMs);
    await sleep(500);
    await recover(leader);
    const deadlineMs = Date.now() + endTimeoutMs;
    while (leader.isAlive() && Date.now() < deadlineMs) await sleep(100);
    if (leader.isAlive()) {
      this.complaints.push(`${leader.name} did not end after it had lost the Lease`);
      await leader.end('SIGKILL');
    }
    await this.restartEnded();
  }

  async #awaitLeader(but: Run | undefined, timeoutMs: number): Promise<void> {
    const deadlineMs = Date.now() + timeoutMs;
    for (;;) {
      const leader = this.#watcher.leader();
      if (leader !== undefined && leader !== but) return;
      if (Date.now() > deadlineMs) {
        this.complaints.push(`nobody took the Lease within ${timeoutMs} ms`);
        return;
      }
      await sleep(50);
    }
  }
}

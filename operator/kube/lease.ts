import { type Log } from '../telemetry/log.ts';
import { type KubeClient } from './api-client.ts';
import { type Clock, sleep, systemClock } from '../schema/clock.ts';
import { createDeadline } from './deadline.ts';
import { isKubeFailure, toError } from './kube-error.ts';
import { resourcePath } from './kube-object.ts';
import { isHeldByOther, type Lease, leaseBody, type LeaseTerm, releasedLease } from './lease-record.ts';

/** Which Lease to hold, and what to do with it. */
export interface LeaderElectionOptions {
  readonly client: Pick<KubeClient, 'request'>;
  readonly namespace: string;
  readonly name: string;
  /** Who we are, unlike any other candidate: the Pod's name. */
  readonly identity: string;
  /** How long others leave a Lease alone that is not renewed. @default 15000 */
  readonly leaseDurationMs?: number;
  /** How long the leader goes on without a renewal that succeeded; below the duration. @default 10000 */
  readonly renewDeadlineMs?: number;
  /** @default 2000 */
  readonly retryPeriodMs?: number;
  readonly clock?: Clock;
  readonly random?: () => number;
  readonly log: Log;
  readonly onStartedLeading: () => void | Promise<void>;
  /** Called once for each start, at the latest when the Lease might end; nothing may be delivered after it. */
  readonly onStoppedLeading: () => void | Promise<void>;
}

/** A candidate for the Lease. */
export interface LeaderElection {
  isLeader(): boolean;
  /** Who holds the Lease as far as is known; `''` when nobody does. */
  holder(): string;
  /** Takes part until `stop`. */
  run(): Promise<void>;
  /** Ends leading and releases the Lease, so that another can begin at once. */
  stop(): Promise<void>;
}

/** Creates a candidate for leadership by a coordination.k8s.io/v1 Lease. */
export function createLeaderElection(options: LeaderElectionOptions): LeaderElection {
  const { leaseDurationMs = 15_000, renewDeadlineMs = 10_000, retryPeriodMs = 2000 } = options;
  if (!(retryPeriodMs < renewDeadlineMs && renewDeadlineMs < leaseDurationMs)) {
    throw new Error('leader election needs retryPeriodMs < renewDeadlineMs < leaseDurationMs');
  }
  return new Candidate(options, { leaseDurationMs, renewDeadlineMs, retryPeriodMs });
}

const releaseTimeoutMs = 5000;

class Candidate implements LeaderElection {
  readonly #options: LeaderElectionOptions;
  readonly #term: LeaseTerm;
  readonly #clock: Clock;
  readonly #stopped = new AbortController();
  readonly #collectionPath: string;
  readonly #leasePath: string;
  #ended: Promise<void> | undefined;
  #isLeader = false;
  #leadsUntilMs = 0;
  #timer: unknown;
  #isDoubtful = false;
  /** The Lease as last read, and when: others' clocks are not trusted, only how long we have seen no change. */
  #seen: { lease: Lease; atMs: number } | undefined;

  constructor(options: LeaderElectionOptions, term: LeaseTerm) {
    this.#options = options;
    this.#term = term;
    this.#clock = options.clock ?? systemClock;
    const resource = { group: 'coordination.k8s.io', version: 'v1', plural: 'leases' };
    const { namespace, name } = options;
    this.#collectionPath = resourcePath(resource, { namespace });
    this.#leasePath = resourcePath(resource, { namespace, name });
  }

  isLeader(): boolean {
    // A timer may be late, a clock is not.
    return this.#isLeader && this.#clock.now() < this.#leadsUntilMs;
  }

  holder(): string {
    return this.#seen?.lease.spec?.holderIdentity ?? '';
  }

  run(): Promise<void> {
    this.#ended ??= this.#loop();
    return this.#ended;
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    if (this.#ended === undefined) return;
    await this.#ended;
    this.#lose('stopped');
    await this.#release();
  }

  #isStopped(): boolean {
    return this.#stopped.signal.aborted;
  }

  async #loop(): Promise<void> {
    const { signal } = this.#stopped;
    const { random = Math.random } = this.#options;
    while (!this.#isStopped()) {
      try {
        await this.#try();
      } catch (thrown) {
        if (!this.#isStopped()) this.#report(toError(thrown));
      }
      await sleep(this.#clock, this.#term.retryPeriodMs * (1 + random() * 0.2), signal);
    }
  }

  async #try(): Promise<void> {
    // The Lease begins, for others, when the API server takes it: counting from before the request is the safe side.
    const startMs = this.#clock.now();
    const lease = await this.#read();
    if (lease && this.#isTaken(lease)) {
      this.#lose('another candidate took the Lease');
      return;
    }
    const written = await this.#write(lease);
    this.#seen = { lease: written, atMs: startMs };
    this.#isDoubtful = false;
    this.#hold(startMs);
  }

  async #read(): Promise<Lease | undefined> {
    // The leader's own copy is the newest unless somebody interfered, which a conflict tells.
    if (this.#isLeader && this.#seen && !this.#isDoubtful) return this.#seen.lease;
    try {
      return await this.#request('GET', this.#leasePath);
    } catch (thrown) {
      if (isKubeFailure(thrown, 'notFound')) return undefined;
      throw thrown;
    }
  }

  #isTaken(lease: Lease): boolean {
    if (lease.metadata.resourceVersion !== this.#seen?.lease.metadata.resourceVersion) {
      this.#seen = { lease, atMs: this.#clock.now() };
    }
    return isHeldByOther(lease, {
      identity: this.#options.identity,
      unchangedMs: this.#clock.now() - (this.#seen?.atMs ?? 0),
      leaseDurationMs: this.#term.leaseDurationMs,
    });
  }

  #write(lease: Lease | undefined): Promise<Lease> {
    const { name, namespace, identity } = this.#options;
    const body = leaseBody(lease, { name, namespace, identity, term: this.#term, now: this.#clock.date() });
    return lease
      ? this.#request('PUT', this.#leasePath, body)
      : this.#request('POST', this.#collectionPath, body);
  }

  async #request(method: 'GET' | 'POST' | 'PUT', path: string, body?: unknown): Promise<Lease> {
    // Two requests, with all their attempts, fit into the time that a renewal has.
    const timeoutMs = this.#term.renewDeadlineMs / 2;
    const { signal } = this.#stopped;
    using deadline = createDeadline(this.#clock, { request: `${method} ${path}`, timeoutMs, signal });
    const { client } = this.#options;
    const answer = client.request<Lease>(method, path, { body, timeoutMs, signal: deadline.signal });
    return await deadline.guard(answer);
  }

  #hold(startMs: number): void {
    this.#clock.clearTimeout(this.#timer);
    this.#leadsUntilMs = startMs + this.#term.renewDeadlineMs;
    const leftMs = this.#leadsUntilMs - this.#clock.now();
    if (leftMs <= 0) {
      this.#lose('the answer came too late');
      return;
    }
    this.#timer = this.#clock.setTimeout(() => this.#lose('not renewed in time'), leftMs);
    if (this.#isLeader || this.#stopped.signal.aborted) return;
    this.#isLeader = true;
    this.#options.log.info('Became the leader', {
      lease: this.#options.name,
      identity: this.#options.identity,
    });
    this.#call(this.#options.onStartedLeading);
  }

  #lose(why: string): void {
    this.#clock.clearTimeout(this.#timer);
    if (!this.#isLeader) return;
    this.#isLeader = false;
    this.#options.log.info('Stopped being the leader', { lease: this.#options.name, why });
    this.#call(this.#options.onStoppedLeading);
  }

  #report(error: Error): void {
    const { log, name, namespace } = this.#options;
    // Somebody changed or deleted the Lease: whose it is now is read before anything else.
    this.#isDoubtful = true;
    if (isKubeFailure(error, 'conflict')) {
      log.debug('Somebody else changed the Lease first', { lease: name });
      return;
    }
    log.warn('Failed to renew or take the Lease; trying again', {
      lease: name,
      namespace,
      error: error.message,
    });
  }

  async #release(): Promise<void> {
    const { client, identity, name, log } = this.#options;
    try {
      // Read first: the last renewal may have been under way when it was called off.
      const lease = await client.request<Lease>('GET', this.#leasePath, { timeoutMs: releaseTimeoutMs });
      if (lease.spec?.holderIdentity !== identity) return;
      const body = releasedLease(lease, this.#clock.date());
      await client.request('PUT', this.#leasePath, { body, timeoutMs: releaseTimeoutMs });
      log.info('Released the Lease', { lease: name });
    } catch (thrown) {
      if (isKubeFailure(thrown, 'notFound')) return;
      log.warn('Failed to release the Lease; it ends by itself', {
        lease: name,
        error: toError(thrown).message,
      });
    }
  }

  #call(callback: () => void | Promise<void>): void {
    const fail = (error: unknown): void => {
      this.#options.log.error('Failed to act on a change of leadership', {
        lease: this.#options.name,
        error,
      });
    };
    try {
      void Promise.resolve(callback()).catch(fail);
    } catch (thrown) {
      fail(thrown);
    }
  }
}

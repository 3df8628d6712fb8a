import { type Log } from '../telemetry/log.ts';
import { type KubeClient } from './api-client.ts';
import { type Clock, sleep, systemClock } from './clock.ts';
import { isKubeFailure, toError } from './kube-error.ts';
import { isHeldByOther, type Lease, leaseBody, type LeaseTerm, microTime } from './lease-record.ts';
import { resourcePath } from './kube-object.ts';

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

class Candidate implements LeaderElection {
  readonly #options: LeaderElectionOptions;
  readonly #term: LeaseTerm;
  readonly #clock: Clock;
  readonly #stopped = new AbortController();
  readonly #path: string;
  #ended: Promise<void> | undefined;
  #isLeader = false;
  #deadline: unknown;
  /** The Lease as last read, and when: others' clocks are not trusted, only how long we have seen no change. */
  #seen: { lease: Lease; atMs: number } | undefined;

  constructor(options: LeaderElectionOptions, term: LeaseTerm) {
    this.#options = options;
    this.#term = term;
    this.#clock = options.clock ?? systemClock;
    const resource = { group: 'coordination.k8s.io', version: 'v1', plural: 'leases' };
    this.#path = resourcePath(resource, { namespace: options.namespace });
  }

  isLeader(): boolean {
    return this.#isLeader;
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
    await this.#ended;
    const wasLeader = this.#isLeader;
    this.#lose('stopped');
    if (wasLeader) await this.#release();
  }

  async #loop(): Promise<void> {
    const { signal } = this.#stopped;
    const { random = Math.random } = this.#options;
    while (!signal.aborted) {
      try {
        await this.#try();
      } catch (thrown) {
        if (!signal.aborted) this.#report(toError(thrown));
      }
      await sleep(this.#clock, this.#term.retryPeriodMs * (1 + random() * 0.2), signal);
    }
  }

  async #try(): Promise<void> {
    // The Lease begins, for others, when the API server takes it: counting from before the request is the safe side.
    const startMs = this.#clock.now();
    const lease = await this.#read();
    if (lease && !this.#isLeader && this.#isTaken(lease)) return;
    const written = await this.#write(lease);
    this.#seen = { lease: written, atMs: startMs };
    this.#hold(startMs);
  }

  async #read(): Promise<Lease | undefined> {
    const known = this.#seen?.lease;
    // The leader's own copy is the newest unless somebody interfered, which the version then tells.
    if (this.#isLeader && known) return known;
    try {
      return await this.#request('GET', `${this.#path}/${encodeURIComponent(this.#options.name)}`);
    } catch (thrown) {
      if (isKubeFailure(thrown, 'notFound')) return undefined;
      throw thrown;
    }
  }

  #isTaken(lease: Lease): boolean {
    const isChanged = lease.metadata.resourceVersion !== this.#seen?.lease.metadata.resourceVersion;
    if (isChanged || this.#seen === undefined) this.#seen = { lease, atMs: this.#clock.now() };
    return isHeldByOther(lease, {
      identity: this.#options.identity,
      unchangedMs: this.#clock.now() - this.#seen.atMs,
      leaseDurationMs: this.#term.leaseDurationMs,
    });
  }

  #write(lease: Lease | undefined): Promise<Lease> {
    const { name, namespace, identity } = this.#options;
    const body = leaseBody(lease, { name, namespace, identity, term: this.#term, now: this.#clock.date() });
    return lease
      ? this.#request('PUT', `${this.#path}/${encodeURIComponent(name)}`, body)
      : this.#request('POST', this.#path, body);
  }

  #request(method: 'GET' | 'POST' | 'PUT', path: string, body?: unknown): Promise<Lease> {
    // An answer that comes after the deadline is of no use.
    const timeoutMs = Math.max(1, Math.min(this.#term.renewDeadlineMs / 2, 5000));
    return this.#options.client.request<Lease>(method, path, {
      body,
      timeoutMs,
      signal: this.#stopped.signal,
    });
  }

  #hold(startMs: number): void {
    this.#clock.clearTimeout(this.#deadline);
    const leftMs = startMs + this.#term.renewDeadlineMs - this.#clock.now();
    if (leftMs <= 0) {
      this.#lose('the answer came too late');
      return;
    }
    this.#deadline = this.#clock.setTimeout(() => this.#lose('not renewed in time'), leftMs);
    if (this.#isLeader || this.#stopped.signal.aborted) return;
    this.#isLeader = true;
    this.#options.log.info('Became the leader', {
      lease: this.#options.name,
      identity: this.#options.identity,
    });
    this.#call(this.#options.onStartedLeading);
  }

  #lose(why: string): void {
    this.#clock.clearTimeout(this.#deadline);
    if (!this.#isLeader) return;
    this.#isLeader = false;
    this.#options.log.info('Stopped being the leader', { lease: this.#options.name, why });
    this.#call(this.#options.onStoppedLeading);
  }

  #report(error: Error): void {
    const { log, name, namespace } = this.#options;
    if (isKubeFailure(error, 'conflict', 'notFound') && this.#isLeader) {
      // Somebody changed or deleted the Lease: whether it is still ours is read anew before anything else.
      this.#seen = undefined;
      this.#lose('the Lease was changed by somebody else');
    }
    if (isKubeFailure(error, 'conflict')) {
      log.debug('Another candidate was faster', { lease: name });
      return;
    }
    log.warn('Failed to renew or take the Lease; trying again', {
      lease: name,
      namespace,
      error: error.message,
    });
  }

  async #release(): Promise<void> {
    const { client, name, log } = this.#options;
    const { metadata, spec } = this.#seen?.lease ?? {};
    const renewTime = microTime(this.#clock.date());
    const body = { metadata, spec: { ...spec, holderIdentity: '', leaseDurationSeconds: 1, renewTime } };
    try {
      const path = `${this.#path}/${encodeURIComponent(name)}`;
      const kind = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease' };
      await client.request('PUT', path, { body: { ...kind, ...body }, timeoutMs: 5000 });
      log.info('Released the Lease', { lease: name });
    } catch (thrown) {
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

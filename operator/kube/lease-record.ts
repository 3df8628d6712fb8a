import { type KubeObject } from './kube-object.ts';

/** A coordination.k8s.io/v1 Lease. */
export interface Lease extends KubeObject {
  readonly spec?: {
    readonly holderIdentity?: string;
    readonly leaseDurationSeconds?: number;
    readonly acquireTime?: string;
    readonly renewTime?: string;
    readonly leaseTransitions?: number;
  };
}

/** The times of an election, in milliseconds. */
export interface LeaseTerm {
  readonly leaseDurationMs: number;
  readonly renewDeadlineMs: number;
  readonly retryPeriodMs: number;
}

/** Writes a time as metav1.MicroTime wants it. */
function microTime(date: Date): string {
  return date.toISOString().replace('Z', '000Z');
}

/** Tells whether somebody else holds the Lease and has not let it run out before our eyes. */
export function isHeldByOther(
  { spec }: Lease,
  seen: { readonly identity: string; readonly unchangedMs: number; readonly leaseDurationMs: number },
): boolean {
  const holder = spec?.holderIdentity ?? '';
  if (holder === '' || holder === seen.identity) return false;
  // The holder's own duration counts where it is longer: it may run with other settings.
  const durationMs = Math.max(seen.leaseDurationMs, (spec?.leaseDurationSeconds ?? 0) * 1000);
  return seen.unchangedMs < durationMs;
}

/** Makes the Lease that takes or renews another; with its version, so that only one candidate can succeed. */
export function leaseBody(
  lease: Lease | undefined,
  wanted: {
    readonly name: string;
    readonly namespace: string;
    readonly identity: string;
    readonly term: LeaseTerm;
    readonly now: Date;
  },
): Lease {
  const { name, namespace, identity, term, now } = wanted;
  const { acquireTime, holderIdentity, leaseTransitions = 0 } = lease?.spec ?? {};
  const isRenewal = holderIdentity === identity;
  const isTakeOver = lease !== undefined && !isRenewal;
  return {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: lease?.metadata ?? { name, namespace },
    spec: {
      holderIdentity: identity,
      leaseDurationSeconds: Math.ceil(term.leaseDurationMs / 1000),
      acquireTime: (isRenewal && acquireTime) || microTime(now),
      renewTime: microTime(now),
      leaseTransitions: leaseTransitions + (isTakeOver ? 1 : 0),
    },
  };
}

/** Makes the Lease that gives another up, so that the next candidate need not wait. */
export function releasedLease(lease: Lease, now: Date): Lease {
  return {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: lease.metadata,
    spec: { ...lease.spec, holderIdentity: '', leaseDurationSeconds: 1, renewTime: microTime(now) },
  };
}

import { hostname } from 'node:os';

import { type KubeClient } from './kube/client.ts';
import { createLeaderElection, type LeaderElection } from './kube/lease.ts';
import { type Log } from './telemetry/log.ts';

// A new leader sends again what the checkpoints do not hold yet, so an API server that is away for half a minute should not
// end the old one. Nobody waits that long for a leader that stops in order, since it releases the Lease, nor for one whose
// container restarts, since it still holds it.
const leaseTerm = { leaseDurationMs: 45_000, renewDeadlineMs: 35_000, retryPeriodMs: 2_000 } as const;

/** Where the election is held, and who takes part. */
interface Election {
  readonly client: KubeClient;
  readonly rootNamespace: string;
  readonly leaseName: string;
  readonly log: Log;
}

/** Takes part in the election of the one replica that delivers. */
export function elect(
  { client, rootNamespace, leaseName, log }: Election,
  on: { readonly lead: () => Promise<void>; readonly lost: () => void },
): LeaderElection {
  const election = createLeaderElection({
    client,
    namespace: rootNamespace,
    name: leaseName,
    identity: `${hostname()}_${process.pid}`,
    log,
    ...leaseTerm,
    onStartedLeading: on.lead,
    onStoppedLeading: on.lost,
  });
  void election.run();
  return election;
}

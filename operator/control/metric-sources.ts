import { keyText } from '../api/resource.ts';
import { type Delivery } from '../delivery/delivery.ts';
import { type Spool } from '../spool/spool.ts';
import { type Condition } from '../status/condition.ts';
import { type MetricSources } from '../telemetry/collected-metrics.ts';
import { type Receivers } from './receivers.ts';
import { type RouteTallies } from './route-tally.ts';
import { type Routes } from './routes.ts';
import { type StatusReporter } from './status-reporter.ts';

/** Gives the metrics their counts of receivers and routes. */
export function metricSources(of: {
  readonly receivers: Pick<Receivers, 'all'>;
  readonly routes: Pick<Routes, 'all'>;
  readonly delivery: Pick<Delivery, 'pipeline'>;
  readonly tallies: RouteTallies;
  readonly spool: Pick<Spool, 'health'> | undefined;
  readonly reporter: Pick<StatusReporter, 'receiverStatus' | 'routeStatus'>;
}): MetricSources {
  return {
    receivers: () =>
      [...of.receivers.all()].map((receiver) => ({
        ...receiver.key,
        ...receiver.tally(),
        concurrency: of.delivery.pipeline(keyText(receiver.key))?.concurrency ?? 0,
        sink: receiver.running?.prepared.receiver.sinkName ?? '',
        ready: isReady(of.reporter.receiverStatus(keyText(receiver.key))),
      })),
    spool: () => of.spool?.health(),
    routes: () =>
      [...of.routes.all()].map(({ key }) => {
        const { matched, dropped } = of.tallies.get(keyText(key));
        return { ...key, matched, dropped, ready: isReady(of.reporter.routeStatus(keyText(key))) };
      }),
  };
}

function isReady(status: { readonly conditions?: readonly Condition[] } | undefined): boolean {
  return status?.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True') ?? false;
}

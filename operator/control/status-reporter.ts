import { keyText, type CustomResource } from '../api/resource.ts';
import { type Clock } from '../schema/clock.ts';
import { type Condition } from '../status/condition.ts';
import { receiverStatus, type ReceiverStatus } from '../status/receiver-status.ts';
import { routeStatus, type RouteStatus } from '../status/route-status.ts';
import { createStatusSchedule } from '../status/status-schedule.ts';
import { type Log } from '../telemetry/log.ts';
import { ownEventOf } from './own-event.ts';
import { receiverFacts } from './receiver-facts.ts';
import { type Receivers } from './receivers.ts';
import { routeFacts } from './route-facts.ts';
import { type RouteTallies } from './route-tally.ts';
import { type Routes } from './routes.ts';
import { type World } from './world.ts';

/** What statuses are made from and where they go. */
export interface StatusReporterOptions {
  readonly receivers: Receivers;
  readonly routes: Routes;
  readonly tallies: RouteTallies;
  readonly world: Pick<World, 'writeStatus' | 'recordEvent'>;
  readonly clock: Clock;
  readonly log: Log;
  /** The least time between two writes of an object for its counters alone. */
  readonly counterPeriodMs: number;
}

/** Writes what is known of each object back to it. */
export interface StatusReporter {
  /** Writes the statuses that are due; called every second, and when something happened that users wait for. */
  report(): Promise<void>;
  /** Writes all statuses that differ from what was written, counters too. */
  flush(): Promise<void>;
  /** The statuses of this moment. */
  receiverStatus(key: string): ReceiverStatus | undefined;
  routeStatus(key: string): RouteStatus | undefined;
  /** Forgets an object that was deleted. */
  forget(kind: 'EventReceiver' | 'EventRoute', key: string): void;
}

type AnyStatus = ReceiverStatus & RouteStatus;

/** Creates a reporter. */
export function createStatusReporter(options: StatusReporterOptions): StatusReporter {
  const { receivers, routes, tallies, world, clock, log } = options;
  const schedule = createStatusSchedule<AnyStatus>(clock, options.counterPeriodMs);
  /** What an object's status said when it was first seen: its counters go on from there. */
  const bases = new Map<string, AnyStatus>();
  const writing = new Set<string>();

  const continuing = (
    id: string,
    object: CustomResource,
  ): { base: AnyStatus; previous: AnyStatus; now: Date } => {
    const base = bases.get(id) ?? object.status ?? {};
    bases.set(id, base);
    return { base, previous: schedule.written(id) ?? base, now: clock.date() };
  };
  const statusOfReceiver = (key: string): ReceiverStatus | undefined => {
    const receiver = receivers.get(key);
    if (receiver === undefined || receiver.judgedGeneration < 0) return undefined;
    const before = continuing(`EventReceiver ${key}`, receiver.object);
    return receiverStatus(receiverFacts(receiver, before.now), before);
  };
  const statusOfRoute = (key: string): RouteStatus | undefined => {
    const route = routes.get(key);
    if (route === undefined || route.accepted.status === 'Unknown') return undefined;
    const facts = routeFacts(route, tallies.get(key), (receiver) => {
      const ready = readyOf(statusOfReceiver(receiver));
      return ready && { ready, pending: receivers.get(receiver)?.tally().pending ?? 0 };
    });
    return routeStatus(facts, continuing(`EventRoute ${key}`, route.object));
  };

  const write = async (id: string, object: CustomResource, status: AnyStatus): Promise<void> => {
    writing.add(id);
    try {
      const result = await world.writeStatus(object, status);
      const event = ownEventOf(readyOf(schedule.written(id) ?? bases.get(id)), readyOf(status));
      if (event !== undefined && result === 'written') world.recordEvent(object, event);
      schedule.markWritten(id, status);
    } catch (error) {
      schedule.markFailed(id);
      log.warn('Failed to write a status', { object: id, error });
    } finally {
      writing.delete(id);
    }
  };
  const current = (): { id: string; object: CustomResource; status: AnyStatus | undefined }[] => [
    ...[...receivers.all()].map(({ key, object }) => ({
      id: `EventReceiver ${keyText(key)}`,
      object,
      status: statusOfReceiver(keyText(key)),
    })),
    ...[...routes.all()].map(({ key, object }) => ({
      id: `EventRoute ${keyText(key)}`,
      object,
      status: statusOfRoute(keyText(key)),
    })),
  ];
  const writeWhere = async (isDue: (id: string, status: AnyStatus) => boolean): Promise<void> => {
    const due = current().flatMap(({ id, object, status }) =>
      status !== undefined && !writing.has(id) && isDue(id, status) ? [write(id, object, status)] : [],
    );
    await Promise.all(due);
  };

  return {
    report: () => writeWhere((id, status) => schedule.isDue(id, status)),
    flush: () => writeWhere((id, status) => JSON.stringify(schedule.written(id)) !== JSON.stringify(status)),
    receiverStatus: statusOfReceiver,
    routeStatus: statusOfRoute,
    forget(kind, key) {
      bases.delete(`${kind} ${key}`);
      schedule.forget(`${kind} ${key}`);
    },
  };
}

function readyOf(status: { readonly conditions?: readonly Condition[] } | undefined): Condition | undefined {
  return status?.conditions?.find(({ type }) => type === 'Ready');
}

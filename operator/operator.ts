import { hostname } from 'node:os';

import { eventReceiverKind } from './api/event-receiver.ts';
import { eventRouteKind } from './api/event-route.ts';
import { apiGroup, apiVersion, type CustomResource } from './api/resource.ts';
import { createClusterWorld } from './control/cluster-world.ts';
import { createControl, type Control } from './control/control.ts';
import { ownReportingController } from './event/own-event.ts';
import { type FixedConfiguration, intakeOf } from './fixed-configuration.ts';
import { createKubeClient, type KubeClient } from './kube/client.ts';
import { startControllers, type ControlledResource, type Controllers } from './kube/controllers.ts';
import { createEventRecorder, type EventRecorder } from './kube/event-recorder.ts';
import { elect } from './leadership.ts';
import { systemClock } from './schema/clock.ts';
import { createPast, type SpoolFolder } from './past.ts';
import { createAddressGuard } from './sink-kit/index.ts';
import { createClusterSource } from './source/cluster-source.ts';
import { createEnrichment, noEnrichment } from './source/enrichment.ts';
import { createObjectLookUp } from './source/object-lookup.ts';
import { type EventSource, type ReplayableSource } from './source/source.ts';
import { observeHealth } from './telemetry/health.ts';
import { type Log } from './telemetry/log.ts';
import { createMetrics, type Metrics } from './telemetry/metrics.ts';
import { startTelemetryServer, type TelemetryServer } from './telemetry/server.ts';
import { version } from './telemetry/version.ts';

/** How the operator runs; see `eventroute run --help`. */
export interface OperatorOptions {
  readonly kubeconfig: string | undefined;
  /** @default the namespace of the Pod, or of the kubeconfig's context */
  readonly rootNamespace: string | undefined;
  readonly leaderElect: boolean;
  readonly leaseName: string;
  readonly metricsAddress: { readonly host: string | undefined; readonly port: number };
  readonly clusterName: string;
  /** Undefined takes occurrences of any age. */
  readonly maxEventAgeMs: number | undefined;
  /** How long the API server keeps an Event: its `--event-ttl`. */
  readonly eventTtlMs: number;
  /** Where occurrences are kept that receivers wait for; undefined leaves them to the API server. */
  readonly dataDir: SpoolFolder | undefined;
  readonly localSinkNamespaces: readonly string[];
  readonly shutdownGraceMs: number;
  /** Runs on this instead of the EventRoutes and EventReceivers of the API server. */
  readonly fixed?: FixedConfiguration | undefined;
  readonly log: Log;
}

/** Why the operator ended. */
export type OperatorEnd = 'stopped' | 'leadershipLost';

/** The parts of a running operator, in the order of the flow. */
interface Parts {
  readonly client: KubeClient;
  readonly source: EventSource;
  readonly control: Control;
  readonly recorder: EventRecorder;
  readonly metrics: Metrics;
  readonly rootNamespace: string;
  /** Who is elected may deliver; without an election everybody may. */
  readonly leadership: { isHeld: () => boolean };
}

/** Where EventRoutes and EventReceivers come from. */
type Intake = Pick<Controllers, 'synced' | 'stop'>;

/** How far the operator has come. */
interface Phase {
  /** EventRoutes and EventReceivers were all read once. */
  isSynced: boolean;
  /** This replica watches and delivers. */
  isLeading: boolean;
}

/**
 * Runs the operator until the signal aborts or the Lease is lost. The way of an Event: source -> routes -> delivery ->
 * sinks; and back: tallies -> statuses -> the API server. Rejects when it cannot start.
 */
export async function runOperator(options: OperatorOptions, signal: AbortSignal): Promise<OperatorEnd> {
  const { log } = options;
  const parts = await assemble(options);
  const phase: Phase = { isSynced: false, isLeading: false };
  const server = await serve(parts, phase, options.metricsAddress);
  const controllers = startIntake(parts, options);
  log.info('Started', {
    version,
    server: parts.client.server,
    rootNamespace: parts.rootNamespace,
    metricsAddress: server.address,
  });

  const ended = Promise.withResolvers<OperatorEnd>();
  signal.addEventListener('abort', () => ended.resolve('stopped'), { once: true });
  const synced = controllers.synced.then(() => {
    phase.isSynced = true;
  });
  const lead = async (): Promise<void> => {
    await synced;
    if (signal.aborted) return;
    phase.isLeading = true;
    await beginToDeliver(parts, log).catch(ended.reject);
  };
  const lost = (): void => ended.resolve('leadershipLost');
  const election = options.leaderElect ? elect({ ...options, ...parts }, { lead, lost }) : undefined;
  if (election === undefined) void lead();
  else parts.leadership.isHeld = () => election.isLeader();

  try {
    return await ended.promise;
  } finally {
    const isLeading = phase.isLeading && parts.leadership.isHeld();
    await shutDown({ ...parts, controllers }, { isLeading, graceMs: options.shutdownGraceMs });
    await election?.stop();
    await server.close();
    log.info('Stopped');
  }
}

/** Begins to take EventRoutes and EventReceivers in, from the API server or from a file. */
function startIntake({ client, control, rootNamespace }: Parts, { fixed, log }: OperatorOptions): Intake {
  if (fixed !== undefined) return fixed.start(control, rootNamespace);
  return startControllers({ client, log, resources: controlledResources(control) });
}

/** Serves the probes and the metrics. */
async function serve(
  { source, metrics }: Parts,
  phase: Phase,
  address: OperatorOptions['metricsAddress'],
): Promise<TelemetryServer> {
  const { alive, ready, stop } = observeHealth({
    watch: () => (phase.isLeading ? source.health() : undefined),
    isSynced: () => phase.isSynced,
  });
  const server = await startTelemetryServer({ ...address, metrics, alive, ready });
  return {
    address: server.address,
    close() {
      stop();
      return server.close();
    },
  };
}

/** Intake ends first, so that what is on its way can still be delivered and every count is written. */
async function shutDown(
  { source, control, recorder, controllers }: Parts & { readonly controllers: Intake },
  { isLeading, graceMs }: { readonly isLeading: boolean; readonly graceMs: number },
): Promise<void> {
  await Promise.all([source.stop(), controllers.stop()]);
  // whoever lost the Lease sends nothing more, and leaves the statuses to the next leader
  await control.stop({ graceMs: isLeading ? graceMs : 0, writesStatuses: isLeading });
  await recorder.stop();
}

async function assemble(options: OperatorOptions): Promise<Parts> {
  const { log, fixed } = options;
  const client = createKubeClient({
    kubeconfig: options.kubeconfig,
    userAgent: `eventroute/${version}`,
    log,
  });
  const rootNamespace = options.rootNamespace ?? client.namespace;
  const own = createMetrics(version);
  const metrics = fixed?.extend(own) ?? own;
  const recorder = createEventRecorder({
    client,
    reportingController: ownReportingController,
    reportingInstance: hostname(),
    log,
  });
  const guard = createAddressGuard({ deny: await client.serverAddresses() });
  const leadership: Parts['leadership'] = { isHeld: () => true };
  const control = createControl({
    isLeading: () => leadership.isHeld(),
    ...(await createPast(() => source, options)),
    eventTtlMs: options.eventTtlMs,
    findEvent: (key) => source.find(key),
    clusterName: options.clusterName,
    world: fixed?.world(rootNamespace) ?? createClusterWorld(client, recorder, log),
    clock: systemClock,
    random: Math.random,
    log,
    metrics,
    rootNamespace,
    localSinkNamespaces: options.localSinkNamespaces,
    addressGuard: (namespace) => (namespace === rootNamespace ? undefined : guard),
  });
  const source = createSource(client, control, { ...options, metrics });
  return { client, source, control, recorder, metrics, rootNamespace, leadership };
}

async function beginToDeliver({ control, source, metrics }: Parts, log: Log): Promise<void> {
  metrics.setLeader(true);
  await control.activate();
  await source.start();
  const count = (objects: Iterable<unknown>): number => [...objects].length;
  log.info('Began to deliver', {
    routes: count(control.routes.all()),
    receivers: count(control.receivers.all()),
  });
}

function controlledResources(control: Control): ControlledResource<CustomResource<object>>[] {
  const resource = { group: apiGroup, version: apiVersion };
  return [
    {
      ...resource,
      plural: eventReceiverKind.plural,
      onChange: (object) => control.applyReceiver(object),
      onDelete: (key) => control.removeReceiver(key),
    },
    {
      ...resource,
      plural: eventRouteKind.plural,
      onChange: (object) => control.applyRoute(object),
      onDelete: (key) => control.removeRoute(key),
    },
  ];
}

function createSource(
  client: KubeClient,
  control: Control,
  options: OperatorOptions & { readonly metrics: Metrics },
): ReplayableSource {
  const { log, metrics, clusterName, maxEventAgeMs, fixed } = options;
  const clock = systemClock;
  const lookUps = createEnrichment({
    lookUp: createObjectLookUp({ client, clock }),
    // the exporter's document holds labels and annotations, so objects are looked up whatever the rules say
    needs: () => ({ object: true, namespaceLabels: control.routes.tree.needs.namespaceLabels }),
    clock,
    log,
    metrics,
  });
  return createClusterSource({
    client,
    enrichment: fixed?.omitsLookUp === true ? noEnrichment : lookUps,
    clusterName,
    maxEventAgeMs,
    // a route gets our own Events only when it names our reportingController
    includeOwnEvents: () => true,
    clock,
    log,
    metrics,
    onStart: (position) => control.follow(position),
    ...intakeOf(fixed, (occurrence) => control.dispatch(occurrence)),
  });
}

import { hostname } from 'node:os';

import { eventReceiverKind } from './api/event-receiver.ts';
import { eventRouteKind } from './api/event-route.ts';
import { apiGroup, apiVersion, type CustomResource, type ResourceKind } from './api/resource.ts';
import { createClusterWorld } from './control/cluster-world.ts';
import { createControl, type Control } from './control/control.ts';
import { ownReportingController } from './event/own-event.ts';
import { observeHealth } from './health.ts';
import { createKubeClient, type KubeClient } from './kube/client.ts';
import { startControllers, type Controllers } from './kube/controllers.ts';
import { createEventRecorder } from './kube/event-recorder.ts';
import { createLeaderElection } from './kube/lease.ts';
import { systemClock } from './schema/clock.ts';
import { createAddressGuard } from './sink-kit/index.ts';
import { createClusterSource } from './source/cluster-source.ts';
import { createEnrichment } from './source/enrichment.ts';
import { createObjectLookUp } from './source/object-lookup.ts';
import { type EventSource } from './source/source.ts';
import { type Log } from './telemetry/log.ts';
import { createMetrics, type Metrics } from './telemetry/metrics.ts';
import { startTelemetryServer } from './telemetry/server.ts';
import { version } from './version.ts';

/** How the operator runs; see `eventroute run --help`. */
export interface OperatorOptions {
  readonly kubeconfig: string | undefined;
  readonly rootNamespace: string | undefined;
  readonly leaderElect: boolean;
  readonly leaseName: string;
  readonly metricsAddress: { readonly host: string; readonly port: number };
  readonly clusterName: string;
  readonly maxEventAgeMs: number | undefined;
  readonly localSinkNamespaces: readonly string[];
  readonly shutdownGraceMs: number;
  readonly log: Log;
}

/** Why the operator ended. */
export type OperatorEnd = 'stopped' | 'leadershipLost';

/**
 * Runs the operator until the signal aborts. The flow of an Event: source -> routes -> delivery -> sinks, and back into
 * the status of the objects.
 */
export async function runOperator(options: OperatorOptions, signal: AbortSignal): Promise<OperatorEnd> {
  const { log } = options;
  const clock = systemClock;
  const client = createKubeClient({
    kubeconfig: options.kubeconfig,
    userAgent: `eventroute/${version}`,
    log,
  });
  const rootNamespace = options.rootNamespace ?? client.namespace;
  const metrics = createMetrics(version);
  const recorder = createEventRecorder({
    client,
    reportingController: ownReportingController,
    reportingInstance: hostname(),
    log,
  });
  const apiServer = await client.serverAddresses();
  const guard = createAddressGuard({ deny: apiServer });
  const control = createControl({
    world: createClusterWorld(client, recorder),
    clock,
    random: Math.random,
    log,
    metrics,
    rootNamespace,
    localSinkNamespaces: options.localSinkNamespaces,
    addressGuard: (namespace) => (namespace === rootNamespace ? undefined : guard),
  });
  const source = createSource(client, control, { ...options, metrics });
  const controllers = startControllers({
    client,
    log,
    resources: [receiverResource(control), routeResource(control)],
  });

  let isSynced = false;
  let isLeading = false;
  const health = observeHealth({
    clock,
    source: () => (isLeading ? source.health() : undefined),
    isSynced: () => isSynced,
  });
  const server = await startTelemetryServer({
    ...options.metricsAddress,
    metrics,
    alive: health.alive,
    ready: health.ready,
  });
  log.info('Started the operator', {
    version,
    server: client.server,
    rootNamespace,
    metrics: server.address,
  });

  const ended = Promise.withResolvers<OperatorEnd>();
  signal.addEventListener('abort', () => ended.resolve('stopped'), { once: true });
  const lead = async (): Promise<void> => {
    await controllers.synced;
    isSynced = true;
    if (signal.aborted) return;
    isLeading = true;
    metrics.setLeader(true);
    await control.activate();
    await source.start();
    log.info('Began to deliver', {
      routes: [...control.routes.all()].length,
      receivers: [...control.receivers.all()].length,
    });
  };
  const election = options.leaderElect
    ? elect(client, options, { lead, lost: () => ended.resolve('leadershipLost') })
    : undefined;
  if (election === undefined) lead().catch(ended.reject);
  void controllers.synced.then(() => (isSynced = true));

  try {
    return await ended.promise;
  } finally {
    await shutDown({
      source,
      controllers,
      control,
      graceMs: isLeading && (election?.isLeader() ?? true) ? options.shutdownGraceMs : 0,
    });
    await election?.stop();
    health.stop();
    await recorder.stop();
    await server.close();
    log.info('Stopped the operator');
  }
}

/** Intake ends first, so that what is on its way can still be delivered and every count is written. */
async function shutDown(parts: {
  source: EventSource;
  controllers: Controllers;
  control: Control;
  graceMs: number;
}): Promise<void> {
  await Promise.all([parts.source.stop(), parts.controllers.stop()]);
  await parts.control.stop({ graceMs: parts.graceMs });
}

function createSource(
  client: KubeClient,
  control: Control,
  options: OperatorOptions & { metrics: Metrics },
): EventSource {
  const { log, metrics, clusterName, maxEventAgeMs } = options;
  const clock = systemClock;
  const enrichment = createEnrichment({
    lookUp: createObjectLookUp({ client, clock, log }),
    // the exporter's document holds labels and annotations, so objects are looked up whatever the rules say
    needs: () => ({ object: true, namespaceLabels: control.routes.tree.needs.namespaceLabels }),
    clock,
    log,
    metrics,
  });
  return createClusterSource({
    client,
    enrichment,
    clusterName,
    maxEventAgeMs,
    clock,
    log,
    metrics,
    onOccurrence: (occurrence) => control.dispatch(occurrence),
  });
}

function receiverResource(control: Control): ReturnType<typeof resource> {
  return resource(eventReceiverKind, control.applyReceiver, control.removeReceiver);
}

import type { Command } from 'commander';

import { type SpoolFolder } from '../past.ts';
import { createLogger } from '../telemetry/logger.ts';
import { exitCodes, UsageError } from './exit.ts';
import { type LoadedConfig, loadExporterConfig } from './exporter-config.ts';
import { type IsGiven, maxAgeMs, tellFindings, withOptions } from './exporter-flags.ts';
import { toFixedConfiguration } from './exporter-operator.ts';
import { addLogOptions, addressFlag, bytesFlag, durationFlag, listFlag, type LogFlags } from './options.ts';

interface RunFlags extends LogFlags {
  readonly kubeconfig?: string;
  readonly rootNamespace?: string;
  readonly leaderElect: boolean;
  readonly leaseName: string;
  readonly metricsAddress: string;
  readonly clusterName: string;
  readonly maxEventAge?: string;
  readonly eventTtl: string;
  readonly dataDir?: string;
  readonly dataMaxBytes: string;
  readonly allowLocalSinks: string;
  readonly shutdownGrace: string;
  readonly config?: string;
  readonly strict: boolean;
}

const smallestSpoolBytes = 16 * 1024 ** 2;

/** Adds `eventroute run`: the operator. */
export function addRunCommand(program: Command): void {
  const command = program
    .command('run')
    .description('run the operator against a cluster')
    .option(
      '--kubeconfig <file>',
      "the API server's kubeconfig; else KUBECONFIG, the pod's ServiceAccount, ~/.kube/config",
    )
    .option(
      '--root-namespace <namespace>',
      "the namespace whose routes see the whole cluster; by default the operator's own",
    )
    .option('--leader-elect', 'hold a Lease, so that of several replicas one delivers', false)
    .option('--lease-name <name>', 'the name of the Lease, in the root namespace', 'eventroute')
    .option('--metrics-address <address>', 'HOST:PORT of /metrics, /healthz and /readyz', ':8080')
    .option('--cluster-name <name>', 'put into every event as clusterName', '')
    .option(
      '--max-event-age <duration>',
      'leave out occurrences that are older when they arrive; by default none are',
    )
    .option(
      '--event-ttl <duration>',
      'how long the API server keeps an Event, to find gaps: its own --event-ttl',
      '1h',
    )
    .option(
      '--data-dir <folder>',
      'keep Events that receivers wait for in a file there, so that outages longer than the API server remembers lose nothing',
    )
    .option(
      '--data-max-bytes <quantity>',
      'what that file may take; the oldest Events go when it is full',
      '1Gi',
    )
    .option(
      '--allow-local-sinks <namespaces>',
      "namespaces besides the root that may write to the operator's own machine, comma-separated",
      '',
    )
    .option('--shutdown-grace <duration>', 'how long deliveries may go on after SIGTERM', '20s')
    .option(
      '--config <file>',
      'run on a configuration of kubernetes-event-exporter, unchanged, instead of EventRoutes and EventReceivers',
    )
    .option('--strict', 'with --config: do not start when the exporter would ignore something in it', false)
    .addHelpText(
      'after',
      '\nExit codes: 0 stopped by a signal, 1 failed to start, 2 wrong flags, 3 lost the Lease.',
    )
    .addHelpText(
      'after',
      '\nExample:\n  $ eventroute run --kubeconfig ~/.kube/config --root-namespace eventroute-system\n' +
        '  $ eventroute run --config exporter.yaml',
    );
  addLogOptions(command, { logLevel: 'info', logFormat: 'json' }).action((flags: RunFlags) =>
    run(flags, (flag) => command.getOptionValueSource(flag) === 'cli'),
  );
}

async function run(given: RunFlags, isGiven: IsGiven<RunFlags>): Promise<void> {
  const loaded = given.config === undefined ? undefined : await loadFor(given, given.config);
  const options = loaded?.conversion.options;
  const flags = options === undefined ? given : withOptions(given, options, isGiven);
  const log = createLogger({ level: flags.logLevel, format: flags.logFormat });
  if (loaded !== undefined) tellFindings(loaded, flags, isGiven('logLevel'));
  const stop = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      // whoever asks twice does not want to wait
      if (stop.signal.aborted) process.exit(exitCodes.failure);
      log.info('Stopping', { signal });
      stop.abort();
    });
  }
  // the other commands need no cluster, and start faster without its client
  const { runOperator } = await import('../operator.ts');
  const end = await runOperator(
    {
      kubeconfig: flags.kubeconfig,
      rootNamespace: flags.rootNamespace,
      leaderElect: flags.leaderElect,
      leaseName: flags.leaseName,
      metricsAddress: addressFlag('--metrics-address', flags.metricsAddress),
      clusterName: flags.clusterName,
      maxEventAgeMs: maxAgeMs(flags, options),
      eventTtlMs: durationFlag('--event-ttl', flags.eventTtl),
      dataDir: spoolFolder(flags),
      localSinkNamespaces: listFlag(flags.allowLocalSinks),
      shutdownGraceMs: durationFlag('--shutdown-grace', flags.shutdownGrace),
      fixed: loaded && toFixedConfiguration(loaded.conversion, log),
      log,
    },
    stop.signal,
  );
  process.exitCode = end === 'stopped' ? exitCodes.ok : exitCodes.leadershipLost;
}

function spoolFolder({ dataDir, dataMaxBytes }: RunFlags): SpoolFolder | undefined {
  const maxBytes = bytesFlag('--data-max-bytes', dataMaxBytes);
  if (maxBytes < smallestSpoolBytes)
    throw new UsageError(`--data-max-bytes must be at least 16Mi, not ${dataMaxBytes}`);
  return dataDir === undefined ? undefined : { folder: dataDir, maxBytes };
}

/** The objects of the file stand in the root namespace, whose name is known once the API server's client is. */
function loadFor({ rootNamespace, strict }: RunFlags, config: string): Promise<LoadedConfig> {
  const namespace = rootNamespace ?? 'eventroute';
  return loadExporterConfig(config, { namespace, strict, purpose: 'process' });
}

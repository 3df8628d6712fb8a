import type { Command } from 'commander';

import { eventReceiverKind } from '../api/event-receiver.ts';
import { eventRouteKind } from '../api/event-route.ts';
import { type CustomResource, keyText } from '../api/resource.ts';
import { createControl, type Control } from '../control/control.ts';
import { type Tally } from '../delivery/tally.ts';
import { type Occurrence } from '../event/occurrence.ts';
import { createIntakeFilter } from '../exporter/intake-filter.ts';
import { systemClock } from '../schema/clock.ts';
import { createFileSource } from '../source/file-source.ts';
import { type Condition } from '../status/condition.ts';
import { type ReceiverStatus } from '../status/receiver-status.ts';
import { type Log } from '../telemetry/log.ts';
import { createLogger } from '../telemetry/logger.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import { version } from '../telemetry/version.ts';
import { exitCodes, UsageError } from './exit.ts';
import { loadExporterConfig } from './exporter-config.ts';
import { type IsGiven, logFlagsOf, tellFindings } from './exporter-flags.ts';
import { toManifests, withMadeSecrets } from './exporter-manifests.ts';
import { readManifests, type Manifests } from './manifest.ts';
import { createMemoryWorld, type MemoryWorld } from './memory-world.ts';
import { addLogOptions, durationFlag, timeFlag, type LogFlags } from './options.ts';
import { formatTable } from './table.ts';

interface LocalFlags extends LogFlags {
  readonly filename?: readonly string[];
  readonly config?: string;
  readonly strict: boolean;
  readonly now?: string;
  readonly events?: string;
  readonly namespace: string;
  readonly timeout: string;
  readonly wide: boolean;
  readonly status: boolean;
}

/** Adds `eventroute local`: the same operator on manifests and recorded Events, without a cluster. */
export function addLocalCommand(program: Command): void {
  const command = program
    .command('local')
    .description(
      'run routes and receivers from manifests on recorded Events, without a cluster; prints their status',
    )
    .option(
      '-f, --filename <path...>',
      'files or folders with EventRoutes, EventReceivers, Secrets, Namespaces',
    )
    .option('--config <file>', 'instead of -f: a configuration of kubernetes-event-exporter, unchanged')
    .option('--strict', 'with --config: do not start when the exporter would ignore something in it', false)
    .option(
      '--now <time>',
      'with --config: judge the age of Events (maxEventAgeSeconds) as of this time; by default it does not matter',
    )
    .option(
      '--events <file>',
      'recorded Events: JSON lines, a List, lines of a watch or YAML; - for standard input',
    )
    .option('-n, --namespace <namespace>', 'the root namespace, also of objects that name none', 'default')
    .option('--timeout <duration>', 'how long deliveries may take after the last Event', '1m')
    .option('--wide', 'print all columns, as kubectl get -o wide does', false)
    .option('--no-status', 'print no status, so that stdout holds nothing but what stdout receivers write')
    .addHelpText('after', '\nExits with 1 when an object is refused or an Event is not delivered.')
    .addHelpText(
      'after',
      '\nExample:\n  $ eventroute local -f examples/quickstart --events examples/quickstart/events.jsonl\n' +
        '  $ eventroute local --config exporter.yaml --events events.jsonl',
    );
  addLogOptions(command, { logLevel: 'info', logFormat: 'text' }).action((flags: LocalFlags) =>
    runLocal(flags, (flag) => command.getOptionValueSource(flag) === 'cli'),
  );
}

async function runLocal(flags: LocalFlags, isGiven: IsGiven<LocalFlags>): Promise<void> {
  const timeoutMs = durationFlag('--timeout', flags.timeout);
  const { manifests, world, log, intake, hasErrors } = await load(flags, isGiven);
  const control = createControl({
    world,
    clock: systemClock,
    random: Math.random,
    log,
    metrics: createMetrics(version),
    rootNamespace: flags.namespace,
    localSinkNamespaces: [],
    // whoever runs this command may reach whatever this machine may reach
    addressGuard: () => undefined,
  });
  await control.activate();
  for (const receiver of manifests.receivers)
    await control.applyReceiver(receiver as CustomResource<ReceiverStatus>);
  for (const route of manifests.routes) await control.applyRoute(route as CustomResource<object>);
  const problems = flags.events === undefined ? 0 : await replay(flags.events, control, { log, intake });
  const deadlineMs = systemClock.now() + timeoutMs;
  await waitWhile(control, (pending) => pending > 0, timeoutMs);
  // what a stop itself brings about, such as the summary of a rate limit or what throttles hold, gets the time that is left
  await control.stop({ graceMs: Math.max(0, deadlineMs - systemClock.now()) });
  // whoever reads may have seen enough
  process.stdout.on('error', () => undefined);
  if (flags.status) process.stdout.write(`${statusTables(manifests, world, flags.wide)}\n`);
  if (hasErrors || problems > 0 || !isAllDelivered(manifests, world, control))
    process.exitCode = exitCodes.failure;
}

/** What there is to run, and in what surroundings. */
interface Loaded {
  readonly manifests: Manifests;
  readonly world: MemoryWorld;
  readonly log: Log;
  readonly intake: LocalIntake;
  /** A part of it cannot be used. */
  readonly hasErrors: boolean;
}

async function load(flags: LocalFlags, isGiven: IsGiven<LocalFlags>): Promise<Loaded> {
  const { filename, config } = flags;
  if (config !== undefined && filename === undefined) return loadConfig({ ...flags, config }, isGiven);
  if (filename === undefined) {
    throw new UsageError(
      "required option '-f, --filename <path...>' not specified: name manifests, or an exporter's file with --config",
    );
  }
  if (config !== undefined) throw new UsageError('takes -f or --config, not both');
  const log = createLogger({ level: flags.logLevel, format: flags.logFormat });
  const manifests = await readManifests(filename, flags.namespace);
  if (manifests.routes.length + manifests.receivers.length === 0) {
    throw new UsageError(`${filename.join(', ')} holds no EventRoute and no EventReceiver`);
  }
  const world = createMemoryWorld(manifests, log);
  return { manifests, world, log, intake: { clusterName: '', takes: () => true }, hasErrors: false };
}

async function loadConfig(
  flags: LocalFlags & { readonly config: string },
  isGiven: IsGiven<LocalFlags>,
): Promise<Loaded> {
  const { namespace, strict, now } = flags;
  const loaded = await loadExporterConfig(flags.config, { namespace, strict, purpose: 'process' });
  const { conversion } = loaded;
  const { options, findings } = conversion;
  const logFlags = logFlagsOf(flags, options, isGiven);
  tellFindings(loaded, logFlags, isGiven('logLevel'));
  const log = createLogger({ level: logFlags.logLevel, format: logFlags.logFormat });
  const manifests = toManifests(conversion);
  const nowMs = now === undefined ? undefined : timeFlag('--now', now);
  return {
    manifests,
    world: withMadeSecrets(createMemoryWorld(manifests, log), conversion),
    log,
    intake: {
      clusterName: options.clusterName,
      takes: createIntakeFilter({ options, now: nowMs === undefined ? undefined : () => nowMs }),
    },
    hasErrors: findings.some(({ severity }) => severity === 'error'),
  };
}

/** Which occurrences are taken in, and whose they are. */
interface LocalIntake {
  readonly clusterName: string;
  readonly takes: (occurrence: Occurrence) => boolean;
}

/** How many events may wait for a receiver before the file is read on: a file can be larger than any buffer. */
const highWater = 1_000;

async function replay(
  events: string,
  control: Control,
  { log, intake }: { readonly log: Log; readonly intake: LocalIntake },
): Promise<number> {
  const source = createFileSource({
    input: events === '-' ? { stream: process.stdin, name: 'standard input' } : events,
    clusterName: intake.clusterName,
    clock: systemClock,
    log,
    async onOccurrence(occurrence) {
      if (!intake.takes(occurrence)) return;
      control.dispatch(occurrence);
      await waitWhile(control, (pending) => pending > highWater, Infinity);
    },
    onProblem: ({ place, message }) =>
      log.error('Failed to read a recorded Event', { place, problem: message }),
  });
  await source.start();
  const summary = await source.finished();
  log.info('Read the recorded Events', { ...summary });
  return summary.problems;
}

/** Waits while a receiver that delivers has too much to do. */
async function waitWhile(
  control: Control,
  isTooMuch: (pending: number) => boolean,
  timeoutMs: number,
): Promise<void> {
  const deadlineMs = systemClock.now() + timeoutMs;
  // dead letters are the work of the receiver that they wait for, which may be suspended; what is held goes at the stop
  const backlogOf = ({ pending, pendingElsewhere, held }: Tally): number => pending - pendingElsewhere - held;
  const isBusy = (): boolean =>
    [...control.receivers.all()].some(
      (receiver) =>
        receiver.running?.prepared.receiver.suspend === false && isTooMuch(backlogOf(receiver.tally())),
    );
  while (isBusy() && systemClock.now() < deadlineMs) {
    await new Promise<void>((resolve) => {
      systemClock.setTimeout(resolve, 10);
    });
  }
}

function statusTables({ routes, receivers }: Manifests, world: MemoryWorld, wide: boolean): string {
  const withStatus = (object: CustomResource): CustomResource => ({
    ...object,
    status: world.status(object),
  });
  const options = { now: new Date(), wide };
  return [
    formatTable(eventRouteKind, routes.map(withStatus), options),
    formatTable(eventReceiverKind, receivers.map(withStatus), options),
  ].join('\n\n');
}

function isAllDelivered({ routes, receivers }: Manifests, world: MemoryWorld, control: Control): boolean {
  const isFine = (object: CustomResource): boolean => {
    const { conditions = [], dropped = 0 } = (world.status(object) ?? {}) as Partial<ReceiverStatus>;
    if (object.kind === eventRouteKind.kind) return isUsed(conditions);
    // what was folded is told of by the event that went for it
    const tally = control.receivers.get(keyText(object.metadata))?.tally();
    return isUsed(conditions) && dropped === (tally?.droppedByReason.Folded ?? 0);
  };
  return [...routes, ...receivers].every(isFine);
}

function isUsed(conditions: readonly Condition[]): boolean {
  return ['Accepted', 'ResolvedRefs'].every((type) =>
    conditions.some((condition) => condition.type === type && condition.status === 'True'),
  );
}

import { Option, type Command } from 'commander';

import { type Lint, lintManifests } from '../lint/lint.ts';
import { offline, surround } from '../lint/surroundings.ts';
import { formatRendered } from '../rehearsal/delivery-text.ts';
import { namespaceOf, occurrenceOf } from '../rehearsal/rehearsed-event.ts';
import { createRehearsal, type Rehearsal, type RehearsedDelivery } from '../rehearsal/rehearsal.ts';
import { type RenderedPayload, type RenderFailure } from '../rehearsal/rendered-payload.ts';
import { type Explanation } from '../routing/explain.ts';
import { formatExplanation } from '../routing/explanation-text.ts';
import { type ClusterReader } from './cluster-reader.ts';
import { namespaceLabelsOf, readEventsOf, readOrigin } from './explained-events.ts';
import { gatherManifests, withoutSecrets } from './explained-manifests.ts';
import {
  addClusterOptions,
  addManifestOptions,
  type ClusterFlags,
  lintOptionsOf,
  type ManifestFlags,
  openCluster,
} from './manifest-flags.ts';
import { createPaint, type Paint } from './paint.ts';

interface ExplainFlags extends ManifestFlags, ClusterFlags {
  readonly filename?: readonly string[];
  readonly event: string;
  readonly render: boolean;
  readonly output: 'text' | 'json';
}

/** Adds `eventroute explain`: says why an Event goes where it goes. */
export function addExplainCommand(program: Command): void {
  const command = program
    .command('explain')
    .description('say rule by rule why an Event goes where it goes, and what its receivers would get')
    .requiredOption(
      '--event <event>',
      'a file with Events, - for standard input, or NAMESPACE/NAME of one in the cluster',
    )
    .option(
      '-f, --filename <path...>',
      'files or folders with routes and receivers; by default those of the cluster',
    )
    .option(
      '--render',
      'show what each receiver would get: the request without secrets, or the payload',
      false,
    )
    .addOption(
      new Option('-o, --output <format>', 'text for people, json for programs')
        .choices(['text', 'json'])
        .default('text'),
    );
  addManifestOptions(command);
  addClusterOptions(command, 'look for what the files do not hold in the cluster; so it is without -f')
    .addHelpText(
      'after',
      '\nNothing is sent. Exit codes: 0 the Event was explained, 1 it could not be read, 2 wrong flags.',
    )
    .addHelpText(
      'after',
      '\nExamples:\n  $ eventroute explain -f examples/quickstart --event examples/quickstart/events.jsonl --render\n  $ kubectl eventroute explain --event shop/web-0.18a5c0ffee000001',
    )
    .action((flags: ExplainFlags) => explainEvents(flags));
}

/** What was found out about one Event. */
interface Explained {
  readonly explanation: Explanation;
  readonly deliveries: readonly (RehearsedDelivery & {
    readonly rendered?: RenderedPayload | RenderFailure;
  })[];
}

async function explainEvents(flags: ExplainFlags): Promise<void> {
  const origin = readOrigin(flags.event);
  const isRouted = flags.filename === undefined;
  const client =
    flags.cluster || isRouted || origin.kind === 'cluster' ? await openCluster(flags) : undefined;
  const events = await readEventsOf(origin, client);
  const cluster = flags.cluster || isRouted ? client : undefined;
  const set = await gatherManifests(flags, cluster, new Set(events.map(namespaceOf)));
  const outside = cluster === undefined ? offline : withoutSecrets(cluster, flags.render);
  const lint = await lintManifests(set, lintOptionsOf(flags, outside));
  const rehearsal = createRehearsal(lint, flags.rootNamespace);
  const surroundings = surround(set, outside);
  const explained: Explained[] = [];
  for (const event of events) {
    const occurrence = occurrenceOf(event, await namespaceLabelsOf(event, surroundings));
    explained.push(await explainOne(rehearsal, occurrence, flags.render));
  }
  await rehearsal.close();
  write(flags.output === 'json' ? jsonOf(explained) : textOf(explained, lint, createPaint(process.stdout)));
  if (client !== undefined) tellGaps(client);
}

function tellGaps({ gaps }: ClusterReader): void {
  for (const gap of gaps) process.stderr.write(`${gap}\n`);
}

function write(text: string): void {
  process.stdout.on('error', () => undefined);
  process.stdout.write(`${text}\n`);
}

async function explainOne(
  rehearsal: Rehearsal,
  occurrence: ReturnType<typeof occurrenceOf>,
  isRendering: boolean,
): Promise<Explained> {
  const deliveries: Explained['deliveries'][number][] = [];
  for (const delivery of rehearsal.route(occurrence)) {
    const isShown = isRendering && delivery.obstacle === undefined;
    const rendered = isShown ? await rehearsal.render(occurrence, delivery) : undefined;
    // the explanation tells of throttles in words
    const { throttles: _, ...told } = delivery;
    deliveries.push({ ...told, ...(rendered !== undefined && { rendered }) });
  }
  return { explanation: rehearsal.explain(occurrence), deliveries };
}

function jsonOf(explained: readonly Explained[]): string {
  return JSON.stringify(explained, null, 2);
}

function textOf(explained: readonly Explained[], lint: Lint, paint: Paint): string {
  const refused = lint.findings.filter(
    ({ severity, object = '' }) => severity === 'error' && object.startsWith('EventRoute '),
  );
  const unused = refused
    .filter(({ object = '' }) => lint.routes.get(object.split(' ')[1] ?? '')?.compiled === undefined)
    .map(({ object = '', path = '', message }) =>
      paint(`${object} is not in use: ${path} ${message}`, 'bad'),
    );
  const parts = explained.map(({ explanation, deliveries }) =>
    [
      formatExplanation(explanation, { paint }),
      ...deliveries.flatMap((one) => deliveryLines(one, paint)),
    ].join('\n'),
  );
  return [...unused, ...parts].join('\n\n');
}

function deliveryLines(delivery: Explained['deliveries'][number], paint: Paint): string[] {
  const { receiver, obstacle, rendered } = delivery;
  if (obstacle !== undefined) return ['', paint(`${receiver} gets nothing: ${obstacle}`, 'bad')];
  if (rendered === undefined) return [];
  const where = 'endpoint' in rendered ? ` at ${rendered.endpoint}` : '';
  const body = formatRendered(rendered).split('\n');
  return [
    '',
    paint(`${receiver} would get${where}:`, 'strong'),
    ...body.map((line) => `  ${line}`.trimEnd()),
  ];
}

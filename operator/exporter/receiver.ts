import { readReceiver } from '../api/event-receiver.ts';
import { apiGroup, apiVersion, type CustomResource } from '../api/resource.ts';
import { joinPath, type Problem } from '../schema/problem.ts';
import { resolveConfig } from '../sink-kit/index.ts';
import { createFieldReader, unknownKey } from './field-reader.ts';
import { createFindings, type Finding, type Findings, type Place } from './finding.ts';
import { type MadeSecret } from './made-secret.ts';
import { nearestLine } from './nearest-line.ts';
import { type ConfigNode, isNull, type MapEntry } from './node.ts';
import { findRefusedCalls } from './refused-call.ts';
import { makeSink, type MadeSink } from './sink.ts';
import { readBlock } from './sink-block.ts';
import { type ExporterSink, exporterSinkNames, exporterSinks, findKey } from './sink-keys.ts';

/** A receiver of the exporter's file, before its sink is made. */
export interface WrittenReceiver {
  readonly name: string;
  readonly path: string;
  readonly line: number;
  readonly entries: readonly MapEntry[];
}

/** An EventReceiver with the Secrets that it refers to. */
export interface MadeReceiver {
  /** As the exporter's file names it. */
  readonly written: string;
  readonly line: number;
  readonly object: CustomResource;
  readonly sink: ExporterSink;
  readonly secrets: readonly MadeSecret[];
}

/** Reads the names of the items of `receivers`; of equal names the last counts, as in the exporter. */
export function readReceivers(items: readonly ConfigNode[], findings: Findings): readonly WrittenReceiver[] {
  const byName = new Map<string, WrittenReceiver>();
  for (const [index, item] of items.entries()) {
    const receiver = readNamed(item, joinPath('receivers', index), findings);
    if (receiver === undefined) continue;
    const before = byName.get(receiver.name);
    if (before !== undefined) {
      const message = `has the name of ${before.path} in line ${before.line}, and the last one counts, as in the exporter: rename one`;
      findings.add('warning', receiver, message);
    }
    byName.set(receiver.name, receiver);
  }
  return [...byName.values()];
}

function readNamed(node: ConfigNode, path: string, findings: Findings): WrittenReceiver | undefined {
  const { line } = node;
  const reader = createFieldReader(findings);
  if (isNull(node)) {
    findings.add('error', { line, path }, 'is empty: give it a name and a sink, or take it out');
    return undefined;
  }
  const entries = reader.entries(node, path);
  const named = entries?.find(({ key }) => key === 'name');
  const name = named && reader.text(named.node, joinPath(path, 'name'));
  if (entries !== undefined && name !== undefined && name !== '') return { name, path, line, entries };
  if (entries !== undefined)
    findings.add('error', { line, path }, 'has no name, so that no rule can name it: give it one');
  return undefined;
}

/** Where a receiver goes, and what the values of its Secrets are for now. */
export interface ReceiverContext {
  readonly objectName: string;
  readonly namespace: string;
  readonly secretData: (
    secret: MadeSecret,
    findings: Findings,
    place: Place,
  ) => Readonly<Record<string, string>>;
}

/** What became of a receiver: findings of severity `error` are the reason why there is none. */
export interface ReceiverOutcome {
  readonly made: MadeReceiver | undefined;
  readonly findings: readonly Finding[];
}

/** Makes the EventReceiver of a receiver, and judges it as the operator would. */
export async function makeReceiver(
  written: WrittenReceiver,
  context: ReceiverContext,
): Promise<ReceiverOutcome> {
  const findings = createFindings();
  const chosen = chooseSink(written, findings);
  if (chosen === undefined) return { made: undefined, findings: findings.all };
  const path = joinPath(written.path, chosen.entry.key);
  const block = readBlock(
    chosen.entry.node,
    { path, keys: exporterSinks[chosen.sink], line: chosen.entry.line },
    findings,
  );
  const sink = await makeSink(chosen.sink, block, { receiver: context.objectName, findings });
  if (sink === undefined || findings.has('error')) return { made: undefined, findings: findings.all };
  const made: MadeReceiver = {
    written: written.name,
    line: written.line,
    object: toObject(sink, context),
    sink: chosen.sink,
    secrets: sink.secrets,
  };
  await judge(made, sink, { ...context, findings, path, line: chosen.entry.line });
  return { made: findings.has('error') ? undefined : made, findings: findings.all };
}

interface ChosenSink {
  readonly sink: ExporterSink;
  readonly entry: MapEntry;
}

/** Of several blocks the exporter uses the first of its own order, and says nothing of the others. */
function chooseSink({ entries, path, line }: WrittenReceiver, findings: Findings): ChosenSink | undefined {
  const found = entries.flatMap((entry) => readSinkKey(entry, path, findings) ?? []);
  const [first, ...others] = found.toSorted((a, b) => order(a.sink) - order(b.sink));
  for (const { entry } of others) {
    const message = `is ignored by the exporter, which uses one sink of a receiver, here ${first?.sink ?? ''}: make it a receiver of its own`;
    findings.add('warning', { line: entry.line, path: joinPath(path, entry.key) }, message);
  }
  if (first === undefined) {
    const known = exporterSinkNames.filter((name) => name !== 'inMemory').join(', ');
    findings.add('error', { line, path }, `has no sink: it needs one of ${known}`);
  }
  return first;
}

function readSinkKey(entry: MapEntry, receiver: string, findings: Findings): ChosenSink | undefined {
  const { key, line, node } = entry;
  if (key === 'name') return undefined;
  const place = { line, path: joinPath(receiver, key) };
  const sink = findKey(key, exporterSinkNames) as ExporterSink | undefined;
  if (sink === undefined) {
    findings.add('warning', place, unknownKey(key, exporterSinkNames));
    return undefined;
  }
  if (isNull(node)) {
    const message = `is empty, which to the exporter is no sink at all: write \`${key}: {}\`, or indent what belongs to it`;
    findings.add('warning', place, message);
    return undefined;
  }
  if (sink !== key) {
    const message = `is not known to the exporter, which calls it \`${sink}\`; it is taken for that here: rename it`;
    findings.add('warning', place, message);
  }
  return { sink, entry };
}

function order(sink: ExporterSink): number {
  return exporterSinkNames.indexOf(sink);
}

function toObject({ name, config }: MadeSink, { objectName, namespace }: ReceiverContext): CustomResource {
  return {
    apiVersion: `${apiGroup}/${apiVersion}`,
    kind: 'EventReceiver',
    metadata: { name: objectName, namespace },
    spec: { sink: { [name]: config } },
  };
}

interface Judging extends ReceiverContext {
  readonly findings: Findings;
  /** Of the block in the exporter's file. */
  readonly path: string;
  readonly line: number;
}

/** Finds what the operator would refuse: the schema's objections, and templates that do not compile. */
async function judge(made: MadeReceiver, sink: MadeSink, judging: Judging): Promise<void> {
  const { findings, path, line, secretData } = judging;
  const root = `spec.sink.${sink.name}`;
  const place = (problem: Problem): Place => {
    const inside = problem.path.startsWith(root) ? problem.path.slice(root.length + 1) : '';
    return {
      path: inside === '' ? path : `${path}.${inside}`,
      line: nearestLine(sink.lines, inside) ?? line,
    };
  };
  const tell = (problems: readonly Problem[]): void => {
    for (const problem of problems) findings.add('error', place(problem), problem.message);
  };
  const read = await readReceiver(made.object as never);
  if ('problems' in read) {
    tell(read.problems);
    return;
  }
  const data = new Map(
    sink.secrets.map((secret) => [secret.name, secretData(secret, findings, { path, line })]),
  );
  const resolved = resolveConfig({
    schema: read.receiver.sink.config,
    written: sink.config,
    path: root,
    secret: (name) => data.get(name),
  });
  if ('problems' in resolved) tell(resolved.problems);
  for (const { path: inside, name } of findRefusedCalls(sink.config, root)) {
    const message = `calls ${name}, with which a template ends in an error here, so that its events are dropped: write the value itself, or use a field with a SecretRef`;
    findings.add('warning', place({ path: inside, message }), message);
  }
}

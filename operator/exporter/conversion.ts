import { apiGroup, apiVersion, type CustomResource } from '../api/resource.ts';
import { type RouteSpec } from '../routing/route-fields.ts';
import { readDocument } from './document.ts';
import { expandEnvironment } from './environment.ts';
import { createFieldReader, unknownKey } from './field-reader.ts';
import { createFindings, ExporterConfigError, type Finding, type Findings, type Place } from './finding.ts';
import { secretData } from './made-secret.ts';
import { type ConfigNode, type MapEntry } from './node.ts';
import { createObjectNames } from './object-name.ts';
import { processKeys, type ProcessOptions, readProcessOptions } from './process-options.ts';
import { makeReceiver, type MadeReceiver, readReceivers, type WrittenReceiver } from './receiver.ts';
import { createReceiverLookUp } from './receiver-lookup.ts';
import { judgeRoute } from './route-judgement.ts';
import { routeName } from './route-name.ts';
import { readRoute, withinNamespace } from './route.ts';

/** What an exporter's file is read with. */
export interface ConversionOptions {
  /** The text of the file. */
  readonly text: string;
  /** The name of the file, for messages. */
  readonly file: string;
  /** The namespace of the objects. */
  readonly namespace: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Gives the content of a file that the configuration names; undefined when it cannot be read. */
  readonly readFile: (path: string) => string | undefined;
  /**
   * What the result is for. `process`: it runs here and now, so that variables that are not set are empty and files have to be
   * there. `manifests`: it is applied elsewhere, so that both may be filled in later.
   */
  readonly purpose: 'process' | 'manifests';
}

/** What an exporter's file became. */
export interface Conversion {
  readonly route: CustomResource;
  readonly receivers: readonly MadeReceiver[];
  readonly options: ProcessOptions;
  readonly findings: readonly Finding[];
}

/**
 * Reads an exporter's file: the routes as one EventRoute, the receivers as EventReceivers and Secrets, the options of the
 * process, and all that is worth telling. A receiver that cannot be used is left out, with a finding of severity `error`.
 * @throws ExporterConfigError when the file as a whole cannot be used.
 */
export async function convertExporterConfig(options: ConversionOptions): Promise<Conversion> {
  const { file, namespace, purpose } = options;
  const findings = createFindings();
  const entries = readTop(options, findings);
  const processOptions = readProcessOptions(entries, findings);
  const receiverFindings = createFindings();
  const written = readReceivers(readItems(entries, findings), receiverFindings);
  const names = createObjectNames();
  const objectNames = new Map(written.map(({ name }) => [name, names.take(name)]));
  const outcomes = await Promise.all(
    written.map((receiver) => makeReceiver(receiver, contextOf(receiver, objectNames, options))),
  );
  const receivers = outcomes.flatMap(({ made }) => (made === undefined ? [] : [made]));
  const used = new Set<string>();
  const route = readRoute(nodeOf(entries, 'route'), {
    findings,
    omitsLookup: processOptions.omitLookup,
    receiver: createReceiverLookUp({ receivers, written, used, findings }),
  });
  refuseErrors(findings, file);
  for (const { findings: own } of [{ findings: receiverFindings.all }, ...outcomes]) findings.addAll(own);
  tellUnused(receivers, used, findings);
  const repeats = purpose === 'manifests' && processOptions.reportUpdates === false ? 'First' : 'All';
  const spec: RouteSpec = { repeats, ...withinNamespace(route.node, processOptions.namespace) };
  judgeRoute(spec, { namespace, file, route, isWrapped: processOptions.namespace !== '' }, findings);
  return {
    route: {
      apiVersion: `${apiGroup}/${apiVersion}`,
      kind: 'EventRoute',
      metadata: { name: routeName, namespace },
      spec,
    },
    receivers,
    options: processOptions,
    findings: findings.all,
  };
}

function readTop(
  { text, file, environment, purpose }: ConversionOptions,
  findings: Findings,
): readonly MapEntry[] {
  const expanded = expandEnvironment(text, { environment, keepsUnset: purpose === 'manifests', findings });
  const root = readDocument({
    text: expanded.text,
    lineAt: (offset) => expanded.lineAt(offset),
    file,
    findings,
  });
  const entries = createFieldReader(findings).entries(root, '');
  if (entries === undefined) {
    throw new ExporterConfigError(
      [
        {
          severity: 'error',
          line: root.line,
          path: '',
          message: 'must be a map with `route` and `receivers`',
        },
      ],
      file,
    );
  }
  const known = [...processKeys, 'route', 'receivers'];
  for (const { key, line } of entries) {
    if (!known.includes(key)) findings.add('warning', { line, path: key }, unknownKey(key, known));
  }
  return entries;
}

function nodeOf(entries: readonly MapEntry[], key: string): ConfigNode {
  const nothing: ConfigNode = { kind: 'scalar', line: 1, value: null, text: '', source: '', isQuoted: false };
  return entries.find((entry) => entry.key === key)?.node ?? nothing;
}

function contextOf(
  { name }: WrittenReceiver,
  objectNames: ReadonlyMap<string, string>,
  { namespace, readFile, purpose }: ConversionOptions,
): Parameters<typeof makeReceiver>[1] {
  return {
    objectName: objectNames.get(name) ?? name,
    namespace,
    secretData: (secret, findings, place) =>
      secretData(secret, readFile, (path) => findings.add(...unreadable(path, purpose, place))),
  };
}

function unreadable(
  path: string,
  purpose: ConversionOptions['purpose'],
  place: Place,
): Parameters<Findings['add']> {
  if (purpose === 'process') return ['error', place, `names the file ${path}, which cannot be read`];
  const message = `names the file ${path}, which cannot be read here: its Secret holds a text to be replaced by the content`;
  return ['warning', place, message];
}

/** Null items are receivers that are wrong, not a file that is. */
function readItems(entries: readonly MapEntry[], findings: Findings): readonly ConfigNode[] {
  const node = nodeOf(entries, 'receivers');
  return node.kind === 'list' ? node.items : (createFieldReader(findings).items(node, 'receivers') ?? []);
}

function tellUnused(receivers: readonly MadeReceiver[], used: ReadonlySet<string>, findings: Findings): void {
  for (const { written, line } of receivers) {
    if (!used.has(written))
      findings.add(
        'advice',
        { line, path: '' },
        `the receiver ${written} is named by no rule, so it gets nothing`,
      );
  }
}

function refuseErrors(findings: Findings, file: string): void {
  if (!findings.has('error')) return;
  throw new ExporterConfigError(
    findings.all.filter(({ severity }) => severity === 'error'),
    file,
  );
}

import { type Findings, type Place } from './finding.ts';
import { createFieldReader, type FieldReader, unknownKey } from './field-reader.ts';
import { type ConfigNode, isNull, type MapEntry } from './node.ts';

/** What an exporter's file says about the process, beside routes and receivers. */
export interface ProcessOptions {
  readonly logLevel: 'error' | 'warn' | 'info' | 'debug';
  readonly logFormat: 'json' | 'text';
  /** Older events are discarded; all of them when it is negative. */
  readonly maxEventAgeSeconds: number;
  readonly clusterName: string;
  /** The only namespace whose events are watched; empty for all. */
  readonly namespace: string;
  readonly leaderElection: { readonly enabled: boolean; readonly leaderElectionID: string };
  readonly kubeQPS: number;
  readonly kubeBurst: number;
  /** Entries of the cache of looked-up objects. */
  readonly cacheSize: number;
  readonly omitLookup: boolean;
  readonly metricsNamePrefix: string;
  /** Undefined when nothing is said; the exporter then leaves repeats out. */
  readonly reportUpdates: boolean | undefined;
}

/** The keys at the top of an exporter's file, beside `route` and `receivers`. */
export const processKeys = [
  'logLevel',
  'logFormat',
  'maxEventAgeSeconds',
  'throttlePeriod',
  'trottlePeriod',
  'clusterName',
  'namespace',
  'leaderElection',
  'kubeQPS',
  'kubeBurst',
  'metricsNamePrefix',
  'omitLookup',
  'cacheSize',
  'reportUpdates',
] as const;
type ProcessKey = (typeof processKeys)[number];

const defaultMaxEventAgeSeconds = 5;

/** zerolog's levels by name and number; they begin at -1. */
const logLevels: Readonly<Record<string, ProcessOptions['logLevel']>> = {
  '': 'info',
  trace: 'debug',
  '-1': 'debug',
  debug: 'debug',
  0: 'debug',
  info: 'info',
  1: 'info',
  warn: 'warn',
  2: 'warn',
  error: 'error',
  3: 'error',
  fatal: 'error',
  4: 'error',
  panic: 'error',
  5: 'error',
  disabled: 'error',
  7: 'error',
};

const logFormats: Readonly<Record<string, ProcessOptions['logFormat']>> = {
  '': 'text',
  pretty: 'text',
  json: 'json',
};

/** Reads the options of the process from the entries at the top of the file; what the exporter refuses is an error. */
export function readProcessOptions(entries: readonly MapEntry[], findings: Findings): ProcessOptions {
  const top = new TopReader(entries, findings);
  return {
    logLevel: top.choice(
      'logLevel',
      logLevels,
      'trace, debug, info, warn, error, fatal, panic or disabled, in lower case',
    ),
    logFormat: top.choice('logFormat', logFormats, 'pretty or json, in lower case'),
    maxEventAgeSeconds: readMaxAge(top, findings),
    clusterName: top.text('clusterName'),
    namespace: top.text('namespace'),
    leaderElection: readLeaderElection(top, findings),
    kubeQPS: top.number('kubeQPS') ?? 5,
    kubeBurst: top.integer('kubeBurst') ?? 10,
    cacheSize: readCacheSize(top, findings),
    omitLookup: top.boolean('omitLookup') ?? false,
    metricsNamePrefix: readPrefix(top, findings),
    reportUpdates: top.boolean('reportUpdates'),
  };
}

class TopReader {
  readonly #entries: ReadonlyMap<string, MapEntry>;
  readonly #read: FieldReader;
  readonly #findings: Findings;

  constructor(entries: readonly MapEntry[], findings: Findings) {
    this.#entries = new Map(entries.map((entry) => [entry.key, entry]));
    this.#read = createFieldReader(findings);
    this.#findings = findings;
  }

  place(key: ProcessKey): Place {
    const line = this.#entries.get(key)?.line;
    return line === undefined ? { path: key } : { line, path: key };
  }

  node(key: ProcessKey): ConfigNode | undefined {
    const node = this.#entries.get(key)?.node;
    return node === undefined || isNull(node) ? undefined : node;
  }

  text(key: ProcessKey): string {
    return this.#get(key, (node) => this.#read.text(node, key)) ?? '';
  }

  integer(key: ProcessKey): number | undefined {
    // Go does not tell zero from absent
    return this.#get(key, (node) => this.#read.integer(node, key)) || undefined;
  }

  number(key: ProcessKey): number | undefined {
    return this.#get(key, (node) => this.#read.number(node, key)) || undefined;
  }

  boolean(key: ProcessKey): boolean | undefined {
    return this.#get(key, (node) => this.#read.boolean(node, key));
  }

  choice<V>(key: ProcessKey, values: Readonly<Record<string, V>>, wanted: string): V {
    const text = this.text(key);
    const value = Object.hasOwn(values, text) ? values[text] : undefined;
    if (value === undefined)
      this.#findings.add(
        'error',
        this.place(key),
        `must be ${wanted}; the exporter refuses anything else, too`,
      );
    return value ?? (values[''] as V);
  }

  #get<V>(key: ProcessKey, read: (node: ConfigNode) => V): V | undefined {
    const node = this.node(key);
    return node === undefined ? undefined : read(node);
  }
}

function readMaxAge(top: TopReader, findings: Findings): number {
  const [written, period] = [top.integer('maxEventAgeSeconds'), top.integer('throttlePeriod')];
  if (written !== undefined && period !== undefined) {
    const message = 'is set beside maxEventAgeSeconds, which the exporter refuses: keep maxEventAgeSeconds';
    findings.add('error', top.place('throttlePeriod'), message);
  } else if (period !== undefined) {
    findings.add('advice', top.place('throttlePeriod'), 'is the old name of maxEventAgeSeconds: rename it');
  }
  const known = written ?? period;
  return readMisspelt(top, known, findings) ?? known ?? defaultMaxEventAgeSeconds;
}

/** A misspelling that the exporter's README has; it ignores it itself. */
function readMisspelt(top: TopReader, known: number | undefined, findings: Findings): number | undefined {
  const misspelt = top.integer('trottlePeriod');
  if (misspelt === undefined) return undefined;
  const message =
    known === undefined
      ? `is a misspelling that the exporter's README has and the exporter ignores: taken as maxEventAgeSeconds: ${misspelt} here; rename it`
      : 'is a misspelling that the exporter ignores, and so it is here, since maxEventAgeSeconds is set: take it out';
  findings.add('warning', top.place('trottlePeriod'), message);
  return known === undefined ? misspelt : undefined;
}

function readLeaderElection(top: TopReader, findings: Findings): ProcessOptions['leaderElection'] {
  const path = 'leaderElection';
  const read = createFieldReader(findings);
  let [enabled, leaderElectionID] = [false, ''];
  const node = top.node(path);
  for (const entry of (node && read.entries(node, path)) ?? []) {
    const at = `${path}.${entry.key}`;
    if (entry.key === 'enabled') enabled = read.boolean(entry.node, at) ?? false;
    else if (entry.key === 'leaderElectionID') leaderElectionID = read.text(entry.node, at) ?? '';
    else
      findings.add(
        'warning',
        { line: entry.line, path: at },
        unknownKey(entry.key, ['enabled', 'leaderElectionID']),
      );
  }
  return {
    enabled,
    leaderElectionID: leaderElectionID === '' ? 'kubernetes-event-exporter' : leaderElectionID,
  };
}

function readCacheSize(top: TopReader, findings: Findings): number {
  const size = top.integer('cacheSize') ?? 1_024;
  if (size < 0)
    findings.add('error', top.place('cacheSize'), 'must not be negative; the exporter crashes on it');
  return size;
}

function readPrefix(top: TopReader, findings: Findings): string {
  const prefix = top.text('metricsNamePrefix');
  if (prefix !== '' && !/^[a-zA-Z][a-zA-Z0-9_:]*_$/.test(prefix)) {
    const message =
      'must begin with a letter, hold only letters, digits, _ and :, and end with _; the exporter refuses it, too';
    findings.add('error', top.place('metricsNamePrefix'), message);
  }
  return prefix;
}

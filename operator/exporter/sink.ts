import type { TObject, TSchema } from '@sinclair/typebox';

import { roleOf } from '../schema/fields.ts';
import { joinPath } from '../schema/problem.ts';
import { secretRefField } from '../schema/written.ts';
import { loadSink, sinkNames, type SinkName } from '../sinks/registry.ts';
import { type Findings } from './finding.ts';
import { createSecretMaker, type MadeSecret, type SecretMaker } from './made-secret.ts';
import { adjustBlock } from './sink-adjustments.ts';
import { type Block, type BlockValue, type PlainValue } from './sink-block.ts';
import { type ExporterSink } from './sink-keys.ts';

/** The configuration of a sink of ours. */
export interface MadeSink {
  readonly name: SinkName;
  /** `spec.sink.<name>`. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly secrets: readonly MadeSecret[];
  /** The line of each path in `config`, such as `sasl.mechanism`. */
  readonly lines: ReadonlyMap<string, number>;
}

/** Makes the sink of ours that a block of the exporter's stands for; undefined, and an error, when there is none. */
export async function makeSink(
  sink: ExporterSink,
  block: Block,
  { receiver, findings }: { readonly receiver: string; readonly findings: Findings },
): Promise<MadeSink | undefined> {
  const name = sinkNames.find((known) => known === sink);
  if (name === undefined) {
    const message =
      sink === 'inMemory'
        ? 'keeps events in memory, for the tests of the exporter: there is no such receiver here'
        : `needs the sink ${sink}, which this version of Eventroute does not have`;
    findings.add('error', block, message);
    return undefined;
  }
  const { config: schema } = await loadSink(name);
  const { block: adjusted, extras } = adjustBlock(sink, block, findings);
  const secrets = createSecretMaker(receiver);
  const lines = new Map<string, number>();
  const config = new Translation({ sink, findings, secrets, lines }).translate(adjusted, schema, '');
  return { name, config: { ...config, ...extras }, secrets: secrets.secrets, lines };
}

/** Finds the field of ours that a key of the exporter's becomes: by its name, or by its aliases. */
export function findField(schema: TObject, key: string): string | undefined {
  const properties = schema.properties as Readonly<Record<string, TSchema>>;
  if (Object.hasOwn(properties, key)) return key;
  return Object.keys(properties).find((name) =>
    (properties[name]?.aliases as readonly string[] | undefined)?.includes(key),
  );
}

/** The fields whose texts the exporter takes for templates, too. */
const templatesThere: Readonly<Partial<Record<ExporterSink, RegExp>>> = {
  webhook: /^headers/,
  loki: /^headers/,
  slack: /./,
  opscenter: /./,
  opsgenie: /^(message|alias|description|tags|details)/,
};

const credentialName = /auth|cookie|credential|key|pass|secret|signature|token/i;
const tlsFiles: ReadonlyMap<string, string> = new Map([
  ['caFile', 'ca.crt'],
  ['certFile', 'tls.crt'],
  ['keyFile', 'tls.key'],
]);

interface TranslationContext {
  readonly sink: ExporterSink;
  readonly findings: Findings;
  readonly secrets: SecretMaker;
  readonly lines: Map<string, number>;
}

interface FieldPlace {
  readonly key: string;
  /** In our configuration. */
  readonly path: string;
  readonly schema: TSchema;
  readonly line: number;
  /** In the exporter's file. */
  readonly written: string;
}

class Translation {
  readonly #context: TranslationContext;

  constructor(context: TranslationContext) {
    this.#context = context;
  }

  translate(block: Block, schema: TObject, path: string): Record<string, unknown> {
    const config: Record<string, unknown> = {};
    for (const [key, value] of block.values) {
      const line = block.lines.get(key) ?? block.line;
      const written = joinPath(block.path, key);
      const tlsKey = value.kind === 'file' ? tlsFiles.get(key) : undefined;
      if (value.kind === 'file' && tlsKey !== undefined) {
        config.secretRef = { name: this.#context.secrets.put('tls', tlsKey, { file: value.file }) };
        continue;
      }
      const name = findField(schema, key);
      if (name === undefined) {
        this.#context.findings.add(
          'warning',
          { line, path: written },
          'has no counterpart in Eventroute and is left out',
        );
        continue;
      }
      const at = path === '' ? name : `${path}.${name}`;
      this.#context.lines.set(at, line);
      const field = { key: name, path: at, schema: schema.properties[name] as TSchema, line, written };
      Object.assign(config, this.#field(field, value, schema));
    }
    return config;
  }

  #field(field: FieldPlace, value: BlockValue, parent: TObject): Record<string, unknown> {
    const { key, path, schema } = field;
    if (value.kind === 'block') return { [key]: this.translate(value.block, schema as TObject, path) };
    if (value.kind === 'layout') return { [key]: value.layout };
    if (roleOf(schema) === 'secret') {
      const secret = value.kind === 'file' ? { file: value.file } : { text: textOf(value.value) };
      return {
        [secretRefField(key)]: { name: this.#context.secrets.put('credentials', path, secret), key: path },
      };
    }
    return value.kind === 'file' ? { [key]: value.file } : this.#plain(field, value.value, parent);
  }

  #plain(field: FieldPlace, value: PlainValue, parent: TObject): Record<string, unknown> {
    const { key, path, schema, line, written } = field;
    const { findings, sink } = this.#context;
    const isNewTemplate =
      holdsTemplate(value) && hasTemplates(schema) && templatesThere[sink]?.test(path) !== true;
    if (isNewTemplate)
      findings.add(
        'difference',
        { line, path: written },
        'holds a template, which is rendered here; the exporter takes it literally',
      );
    const isHeaders = key === 'headers' && Object.hasOwn(parent.properties, 'headersSecretRef');
    return isHeaders ? this.#headers(value as Readonly<Record<string, string>>, field) : { [key]: value };
  }

  /** Credentials among the headers go into a Secret, unless they are templates. */
  #headers(
    headers: Readonly<Record<string, string>>,
    { line, written }: FieldPlace,
  ): Record<string, unknown> {
    const { secrets, findings } = this.#context;
    const plain: Record<string, string> = {};
    let secretName: string | undefined;
    for (const [name, value] of Object.entries(headers)) {
      const isCredential = credentialName.test(name) && value !== '' && /^[-._A-Za-z0-9]+$/.test(name);
      if (isCredential && !value.includes('{{')) secretName = secrets.put('headers', name, { text: value });
      else plain[name] = value;
      if (isCredential && value.includes('{{')) {
        findings.add(
          'advice',
          { line, path: joinPath(written, name) },
          'is a template, so it stays in plain text; a credential belongs into the Secret of headersSecretRef',
        );
      }
    }
    return {
      ...(Object.keys(plain).length > 0 && { headers: plain }),
      ...(secretName !== undefined && { headersSecretRef: { name: secretName } }),
    };
  }
}

function holdsTemplate(value: PlainValue): boolean {
  return JSON.stringify(value).includes('{{');
}

/** A text, or a list or map of texts, that is a template with us. */
function hasTemplates(schema: TSchema): boolean {
  const [entries] = Object.values((schema.patternProperties ?? {}) as Readonly<Record<string, TSchema>>);
  const inner = (schema.items as TSchema | undefined) ?? entries;
  return roleOf(inner ?? schema) === 'template';
}

function textOf(value: PlainValue): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

import type { TObject, TSchema } from '@sinclair/typebox';

import { roleOf } from '../schema/fields.ts';
import { secretRefField } from '../schema/written.ts';
import { loadSink, sinkNames } from '../sinks/registry.ts';
import { findField } from './sink.ts';
import { type ExporterSink, exporterSinkNames, exporterSinks, type KeyTable } from './sink-keys.ts';

/** A key of a sink of the exporter's, and what becomes of it. */
export interface SinkCounterpart {
  /** `kafka.sasl.password`. */
  readonly key: string;
  /** The field below `spec.sink`, or words about what is done with it. */
  readonly becomes: string;
}

/** What becomes of keys that do not become the field of the same name. */
const special: Readonly<Record<string, string>> = {
  'kafka.tls.enable': 'the block `kafka.tls`, which is left out unless it is true',
  'kafka.sasl.enable': 'the block `kafka.sasl`, which is left out unless it is true',
  'kafka.version': 'nothing: the version is agreed on with the brokers',
  'bigquery.max_retries': 'nothing: `spec.delivery.retry` goes by age',
  'teams.layout': '`teams.message`, from its key message',
};
const tlsKeys: Readonly<Record<string, string>> = {
  caFile: 'ca.crt',
  certFile: 'tls.crt',
  keyFile: 'tls.key',
};

/** Lists every key of every sink of the exporter with what becomes of it. */
export async function sinkCounterparts(): Promise<readonly SinkCounterpart[]> {
  const lists = await Promise.all(exporterSinkNames.map(listSink));
  return lists.flat();
}

async function listSink(sink: ExporterSink): Promise<SinkCounterpart[]> {
  const name = sinkNames.find((known) => known === sink);
  if (name === undefined) return [{ key: sink, becomes: 'nothing: it is for the tests of the exporter' }];
  const { config } = await loadSink(name);
  const keys = listKeys(exporterSinks[sink], config, { key: sink, field: name });
  return [{ key: sink, becomes: code(name) }, ...keys];
}

function listKeys(
  table: KeyTable,
  schema: TObject,
  parent: { readonly key: string; readonly field: string },
): SinkCounterpart[] {
  return Object.entries(table).flatMap(([name, kind]) => {
    const key = `${parent.key}.${name}`;
    const known = special[key];
    if (known !== undefined) return [{ key, becomes: known }];
    const tlsKey = kind === 'file' ? tlsKeys[name] : undefined;
    if (tlsKey !== undefined)
      return [{ key, becomes: `${code(tlsKey)} of the Secret in ${code(`${parent.field}.secretRef`)}` }];
    const own = findField(schema, name);
    if (own === undefined) return [{ key, becomes: 'nothing' }];
    const field = `${parent.field}.${own}`;
    if (typeof kind === 'object') return listKeys(kind, schema.properties[own] as TObject, { key, field });
    return [{ key, becomes: fieldText(field, schema.properties[own] as TSchema, schema) }];
  });
}

/** Credentials are taken out of the receiver. */
function fieldText(field: string, schema: TSchema, parent: TObject): string {
  if (roleOf(schema) === 'secret') return code(secretRefField(field));
  const holdsCredentials = field.endsWith('.headers') && Object.hasOwn(parent.properties, 'headersSecretRef');
  return holdsCredentials
    ? `${code(field)}; credentials among them ${code(`${field}SecretRef`)}`
    : code(field);
}

function code(text: string): string {
  return `\`${text}\``;
}

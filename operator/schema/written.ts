import type { TSchema } from '@sinclair/typebox';

import { durationPattern } from './duration.ts';
import { roleKeyword, roleOf, type FieldRole } from './fields.ts';
import { quantityPattern } from './quantity.ts';

/** A JSON schema of what users write, as plain data. */
export interface WrittenSchema {
  type?: string;
  description?: string;
  properties?: Record<string, WrittenSchema>;
  required?: string[];
  additionalProperties?: boolean | WrittenSchema;
  items?: WrittenSchema;
  anyOf?: WrittenSchema[];
  default?: unknown;
  enum?: unknown[];
  examples?: unknown[];
  [keyword: string]: unknown;
}

/** The schema keyword that lists an object's credentials, each written as `x` or `xSecretRef`. */
export const credentialsKeyword = 'x-eventroute-credentials';

/** The schema keyword that lists the names that a text with a pattern may be, for error texts. */
export const knownKeyword = 'x-eventroute-known';

/** One credential of an object: its field's name, and whether one of its two forms has to be there. */
export interface Credential {
  readonly field: string;
  readonly required: boolean;
}

/** The name of the field that refers to a Secret instead of holding the credential in plain text. */
export function secretRefField(field: string): string {
  return `${field}SecretRef`;
}

const secretName = { type: 'string', minLength: 1, maxLength: 253, description: 'Name of the Secret.' };

const byRole: Readonly<Record<FieldRole, (schema: WrittenSchema) => WrittenSchema>> = {
  secret: (schema) => schema,
  template: (schema) => schema,
  secretMap: (schema) => ({ ...schema, ...secretNameObject }),
  secretTls: (schema) => ({ ...schema, ...secretNameObject }),
  layout: (schema) => ({ ...schema, type: 'object', 'x-kubernetes-preserve-unknown-fields': true }),
  duration: (schema) => ({
    ...schema,
    type: 'string',
    pattern: durationPattern,
    'x-eventroute-noun': 'duration',
  }),
  quantity: ({ type: _, ...schema }) => ({
    ...schema,
    'x-kubernetes-int-or-string': true,
    anyOf: [
      { type: 'integer', minimum: 0 },
      { type: 'string', pattern: quantityPattern },
    ],
    'x-eventroute-noun': 'quantity',
  }),
};

const secretNameObject: WrittenSchema = {
  type: 'object',
  properties: { name: secretName },
  required: ['name'],
  additionalProperties: false,
};

function secretKeyReference(field: string): WrittenSchema {
  return {
    type: 'object',
    description: `Key of a Secret of this namespace that holds \`${field}\`; read again every minute.`,
    properties: {
      name: secretName,
      key: { type: 'string', minLength: 1, maxLength: 253, description: "Key in the Secret's data." },
    },
    required: ['name', 'key'],
    additionalProperties: false,
  };
}

/**
 * Turns the schema of resolved values, as code declares it, into the schema of what users write: every credential `x`
 * gets its `xSecretRef`, durations and byte sizes become text, unknown fields are refused.
 */
export function writtenSchema(schema: TSchema): WrittenSchema {
  const role = roleOf(schema);
  const { [roleKeyword]: _, ...plain } = structuredClone(schema) as WrittenSchema;
  if (role !== undefined) return byRole[role](plain);
  if (plain.type === 'object') return writtenObject(plain);
  if (plain.type === 'array' && plain.items !== undefined)
    return { ...plain, items: writtenSchema(plain.items as TSchema) };
  return plain;
}

function writtenObject(schema: WrittenSchema): WrittenSchema {
  if (schema.patternProperties !== undefined) return writtenRecord(schema);
  if (schema.properties === undefined) return schema;
  const { required = [], ...rest } = schema;
  const credentials: Credential[] = Object.entries(schema.properties)
    .filter(([, property]) => roleOf(property as TSchema) === 'secret')
    .map(([field]) => ({ field, required: required.includes(field) }));
  const properties = Object.fromEntries(
    Object.entries(schema.properties).flatMap(([name, property]) => [
      [name, writtenSchema(property as TSchema)],
      ...(credentials.some(({ field }) => field === name)
        ? [[secretRefField(name), secretKeyReference(name)]]
        : []),
    ]),
  ) as Record<string, WrittenSchema>;
  const stillRequired = required.filter((name) => !credentials.some(({ field }) => field === name));
  return {
    ...rest,
    additionalProperties: false,
    properties,
    ...(stillRequired.length > 0 && { required: stillRequired }),
    ...(credentials.length > 0 && { [credentialsKeyword]: credentials }),
  };
}

function writtenRecord({ patternProperties, ...rest }: WrittenSchema): WrittenSchema {
  const [values] = Object.values(patternProperties as Record<string, TSchema>);
  return { ...rest, additionalProperties: values === undefined ? true : writtenSchema(values) };
}

import { Ajv, type AnySchema, type ErrorObject } from 'ajv';
import { closest, distance } from 'fastest-levenshtein';

import { joinPath, type Problem } from './problem.ts';
import {
  credentialsKeyword,
  knownKeyword,
  secretRefField,
  type Credential,
  type WrittenSchema,
} from './written.ts';

/** Judges what a user wrote; returns every problem, each with the path as the user wrote it. */
export type Validator = (value: unknown, path: string) => Problem[];

/** Compiles the schema of what users write into a validator. */
export function createValidator(schema: WrittenSchema): Validator {
  const ajv = new Ajv({ allErrors: true, strict: false, verbose: true, validateFormats: false });
  ajv.addKeyword({ keyword: credentialsKeyword, type: 'object', validate: hasOneFormOfEach, errors: true });
  const validate = ajv.compile(schema as AnySchema);
  return (value, path) => {
    if (validate(value)) return [];
    return unique((validate.errors ?? []).filter(isTelling).map((error) => toProblem(error, value, path)));
  };
}

/** Finds the name that was meant: at most a third of its letters differ, or they stand in another order. */
export function nearMiss(written: string, known: readonly string[]): string | undefined {
  if (known.length === 0) return undefined;
  const lower = written.slice(0, maxNameLength).toLowerCase();
  const shuffled = known.find((name) => sortLetters(name.toLowerCase()) === sortLetters(lower));
  if (shuffled !== undefined) return shuffled;
  const near = closest(lower, [...known]);
  const isNear = distance(lower, near.toLowerCase()) <= Math.max(1, Math.floor(near.length / 3));
  return isNear ? near : undefined;
}

/** A longer name is no slip of the fingers; comparing it would cost the square of its length. */
const maxNameLength = 300;

function sortLetters(name: string): string {
  return Array.from(name).sort().join('');
}

/** Says that a name is not known, with the near miss or else with all that is known. */
function unknownName(written: string, known: readonly string[]): string {
  const near = nearMiss(written, known);
  const name = written.length > maxNameLength ? `${written.slice(0, maxNameLength)}...` : written;
  if (near !== undefined) return `has \`${name}\`; did you mean \`${near}\`?`;
  return `has \`${name}\`, which is not known${known.length > 0 ? `; it takes ${known.join(', ')}` : ''}`;
}

interface KeywordValidator {
  (credentials: Credential[], object: Record<string, unknown>): boolean;
  errors?: Partial<ErrorObject>[];
}

const hasOneFormOfEach: KeywordValidator = (credentials, object) => {
  const messages = credentials.flatMap(({ field, required }) => {
    const ref = secretRefField(field);
    if (field in object && ref in object) return [`sets both \`${field}\` and \`${ref}\`; keep one of them`];
    if (required && !(field in object) && !(ref in object)) return [`needs \`${field}\` or \`${ref}\``];
    return [];
  });
  hasOneFormOfEach.errors = messages.map((message) => ({ keyword: credentialsKeyword, message, params: {} }));
  return messages.length === 0;
};

/** The branches of a union fail as well as the union; only the union's own error tells the user something. */
function isTelling(error: ErrorObject): boolean {
  return !/\/anyOf\/\d+\//.test(error.schemaPath) && error.keyword !== 'if';
}

function unique(problems: readonly Problem[]): Problem[] {
  return [...new Map(problems.map((problem) => [`${problem.path}\0${problem.message}`, problem])).values()];
}

function toProblem(error: ErrorObject, value: unknown, root: string): Problem {
  const path = writtenPath(error.instancePath, value, root);
  if (error.keyword === 'required') {
    return {
      path: joinPath(path, (error.params as { missingProperty: string }).missingProperty),
      message: 'is required',
    };
  }
  return { path, message: sentence(error) };
}

/** Turns a JSON pointer into the path as a user would write it: only a list has indexes, a map may have the key `0`. */
function writtenPath(pointer: string, value: unknown, root: string): string {
  let path = root;
  let at = value;
  for (const part of pointer.split('/').slice(1)) {
    const key = part.replaceAll('~1', '/').replaceAll('~0', '~');
    path = joinPath(path, Array.isArray(at) ? Number(key) : key);
    at = (at as Readonly<Record<string, unknown>>)[key];
  }
  return path;
}

type Sentence = (error: ErrorObject, schema: WrittenSchema) => string;

const sentences: Readonly<Record<string, Sentence>> = {
  additionalProperties: ({ params }, schema) =>
    unknownName(
      (params as { additionalProperty: string }).additionalProperty,
      Object.keys(schema.properties ?? {}),
    ),
  enum: ({ data }, schema) => oneOfSentence((schema.enum ?? []).map(String), data),
  type: ({ params, data }) =>
    `must be ${withArticle((params as { type: string }).type)}, not ${typeOf(data)}`,
  pattern: ({ data, params }, schema) =>
    nounSentence(schema, data) ??
    knownSentence(schema, data) ??
    `must match ${(params as { pattern: string }).pattern}`,
  anyOf: ({ data }, schema) => nounSentence(schema, data) ?? 'has none of the forms that it may have',
  minProperties: (_, schema) => propertyCount(schema, 'it is empty'),
  maxProperties: ({ data }, schema) =>
    propertyCount(schema, `it has ${Object.keys(data as object).join(' and ')}`),
  minLength: ({ params }) =>
    (params as { limit: number }).limit === 1
      ? 'must not be empty'
      : `must have at least ${(params as { limit: number }).limit} characters`,
  maxLength: ({ params }) => `must have at most ${(params as { limit: number }).limit} characters`,
  minItems: ({ params }) => `must have at least ${(params as { limit: number }).limit} entries`,
  maxItems: ({ params }) => `must have at most ${(params as { limit: number }).limit} entries`,
  minimum: ({ params, data }) =>
    `must be at least ${(params as { limit: number }).limit}, not ${String(data)}`,
  maximum: ({ params, data }) =>
    `must be at most ${(params as { limit: number }).limit}, not ${String(data)}`,
};

function sentence(error: ErrorObject): string {
  return (
    sentences[error.keyword]?.(error, error.parentSchema as WrittenSchema) ?? error.message ?? 'is not valid'
  );
}

function propertyCount(schema: WrittenSchema, found: string): string {
  if (schema.minProperties === 1 && schema.maxProperties === 1) {
    return `must have exactly one of ${Object.keys(schema.properties ?? {}).join(', ')}; ${found}`;
  }
  return `has the wrong number of fields; ${found}`;
}

/** Says what a text may be whose pattern is made of names. */
function knownSentence(schema: WrittenSchema, data: unknown): string | undefined {
  const known = schema[knownKeyword] as readonly string[] | undefined;
  if (known === undefined) return undefined;
  return oneOfSentence(known, data);
}

function oneOfSentence(values: readonly string[], data: unknown): string {
  const near = typeof data === 'string' ? nearMiss(data, values) : undefined;
  const hint = near === undefined ? '' : `; did you mean ${near}?`;
  return `must be one of ${values.join(', ')}, not ${show(data)}${hint}`;
}

function nounSentence(schema: WrittenSchema, data: unknown): string | undefined {
  switch (schema['x-eventroute-noun']) {
    case 'duration':
      return `must be a duration such as 10s, 5m or 1h30m, not ${show(data)}`;
    case 'quantity':
      return `must be a number of bytes such as 512Ki, 5Mi or 1048576, not ${show(data)}`;
    default:
      return undefined;
  }
}

function show(data: unknown): string {
  const text = JSON.stringify(data);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

function typeOf(data: unknown): string {
  if (data === null) return 'null';
  if (Array.isArray(data)) return 'a list';
  return withArticle(typeof data);
}

const names: Readonly<Record<string, string>> = {
  array: 'list',
  object: 'map',
  integer: 'whole number',
  string: 'text',
};

function withArticle(type: string): string {
  const name = names[type] ?? type;
  return `${/^[aeiou]/.test(name) ? 'an' : 'a'} ${name}`;
}

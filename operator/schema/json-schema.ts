import { credentialsKeyword, secretRefField, type Credential, type WrittenSchema } from './written.ts';

/** Keywords that only we or the API server understand. */
const foreign = /^(aliases$|x-)/;

/**
 * Turns a schema of what users write into a plain JSON schema (draft 7, which editors know), for completion and checks
 * while a file is written.
 */
export function jsonSchema(schema: WrittenSchema): WrittenSchema {
  const result: WrittenSchema = {};
  for (const [keyword, value] of Object.entries(schema)) {
    if (!foreign.test(keyword)) result[keyword] = plainKeyword(keyword, value);
  }
  const credentials = schema[credentialsKeyword] as Credential[] | undefined;
  return credentials === undefined ? result : { ...result, allOf: credentials.flatMap(formsOf) };
}

function plainKeyword(keyword: string, value: unknown): unknown {
  switch (keyword) {
    case 'properties':
      return Object.fromEntries(
        Object.entries(value as Record<string, WrittenSchema>).map(([name, property]) => [
          name,
          jsonSchema(property),
        ]),
      );
    case 'items':
      return jsonSchema(value as WrittenSchema);
    case 'additionalProperties':
      return typeof value === 'object' ? jsonSchema(value as WrittenSchema) : value;
    case 'anyOf':
      return (value as WrittenSchema[]).map(jsonSchema);
    default:
      return value;
  }
}

/** A credential has two forms: never both, and one of them where it is required. */
function formsOf({ field, required }: Credential): WrittenSchema[] {
  const ref = secretRefField(field);
  const both: WrittenSchema = { not: { required: [field, ref] } };
  return required ? [both, { anyOf: [{ required: [field] }, { required: [ref] }] }] : [both];
}

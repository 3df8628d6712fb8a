import { type WrittenSchema } from './written.ts';

/** One line of a reference table. */
interface Row {
  readonly field: string;
  readonly type: string;
  readonly description: string;
}

/** Writes the fields of a schema as a Markdown table, nested fields with their path (`delivery.retry.initial`). */
export function docTable(schema: WrittenSchema): string {
  const rows = rowsOf(schema, '').map(
    ({ field, type, description }) => `| \`${field}\` | ${type} | ${description} |`,
  );
  return ['| Field | Type | Meaning |', '| --- | --- | --- |', ...rows, ''].join('\n');
}

function rowsOf(schema: WrittenSchema, path: string): Row[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, property]) => {
    const field = path === '' ? name : `${path}.${name}`;
    const required = schema.required?.includes(name) === true;
    return [row(field, property, required), ...nested(property, field)];
  });
}

function nested(schema: WrittenSchema, field: string): Row[] {
  // the children of a node have the node's own fields again: one level of them tells all
  if (schema.items !== undefined) return isRecursive(schema) ? [] : rowsOf(schema.items, `${field}[]`);
  if (typeof schema.additionalProperties === 'object')
    return rowsOf(schema.additionalProperties, `${field}.*`);
  return rowsOf(schema, field);
}

function isRecursive(schema: WrittenSchema): boolean {
  return schema.items?.properties !== undefined && 'routes' in schema.items.properties;
}

function row(field: string, schema: WrittenSchema, required: boolean): Row {
  const notes = [
    required ? 'Required.' : '',
    schema.default === undefined ? '' : `Default: \`${JSON.stringify(schema.default).replaceAll('"', '')}\`.`,
    schema.enum === undefined
      ? ''
      : `One of ${schema.enum.map((value) => `\`${String(value)}\``).join(', ')}.`,
    schema.examples?.[0] === undefined ? '' : `Example: \`${JSON.stringify(schema.examples[0])}\`.`,
  ];
  return {
    field,
    type: typeName(schema),
    description: cell([schema.description ?? '', ...notes].filter(Boolean).join(' ')),
  };
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll(/\s*\n\s*/g, ' ');
}

function typeName(schema: WrittenSchema): string {
  if (typeof schema['x-eventroute-noun'] === 'string')
    return schema['x-eventroute-noun'] === 'quantity' ? 'byte size' : 'duration';
  if (schema.type === 'array')
    return `list of ${schema.items === undefined ? 'values' : typeName(schema.items)}s`;
  if (schema.type === 'object' && typeof schema.additionalProperties === 'object') {
    return `map of ${typeName(schema.additionalProperties)}s`;
  }
  return schema.type ?? 'any';
}

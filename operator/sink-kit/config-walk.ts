import type { TObject, TSchema } from '@sinclair/typebox';

import { type FieldRole, roleOf } from '../schema/fields.ts';
import { joinPath } from '../schema/problem.ts';
import { secretRefField } from '../schema/written.ts';

/** A written field that has a role. */
export interface RoleField {
  readonly role: FieldRole;
  readonly path: string;
  /** What was written, or the schema's default. */
  readonly value: unknown;
  /** What was written as `xSecretRef` beside a credential `x`. */
  readonly ref?: unknown;
}

/** Gives the resolved value of a field with a role; undefined leaves the field away. */
export type RoleResolver = (field: RoleField) => unknown;

type Written = Readonly<Record<string, unknown>>;

/** Walks a written configuration along its schema and builds the resolved one: defaults put in, roles resolved. */
export function walkConfig(schema: TSchema, field: Omit<RoleField, 'role'>, resolve: RoleResolver): unknown {
  const role = roleOf(schema);
  const value = field.value ?? undefined;
  if (role === undefined) return walkValue(schema, { path: field.path, value }, resolve);
  return value === undefined && field.ref === undefined ? undefined : resolve({ ...field, role, value });
}

function walkValue(
  schema: TSchema,
  { path, value }: { path: string; value: unknown },
  resolve: RoleResolver,
): unknown {
  if (Array.isArray(value) && schema.items !== undefined) {
    return value.map((item: unknown, index) =>
      walkConfig(schema.items as TSchema, { path: joinPath(path, index), value: item }, resolve),
    );
  }
  if (!isWritten(value)) return value;
  if (schema.properties !== undefined) return walkProperties(schema as TObject, { path, value }, resolve);
  const [entries] = Object.values((schema.patternProperties ?? {}) as Record<string, TSchema>);
  return entries === undefined ? value : walkEntries(entries, { path, value }, resolve);
}

function walkProperties(
  schema: TObject,
  { path, value }: { path: string; value: Written },
  resolve: RoleResolver,
): Record<string, unknown> {
  const resolved = Object.entries<TSchema>(schema.properties).map(([name, property]) => {
    const ref = roleOf(property) === 'secret' ? own(value, secretRefField(name)) : undefined;
    const written = own(value, name) ?? (ref === undefined ? (property.default as unknown) : undefined);
    const field = { path: joinPath(path, name), value: written, ...(ref !== undefined && { ref }) };
    return [name, walkConfig(property, field, resolve)] as const;
  });
  return Object.fromEntries(resolved.filter(([, each]) => each !== undefined));
}

function walkEntries(
  schema: TSchema,
  { path, value }: { path: string; value: Written },
  resolve: RoleResolver,
): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(value).map(([key, entry]) => [
      key,
      walkConfig(schema, { path: joinPath(path, key), value: entry }, resolve),
    ]),
  );
}

function own(object: Written, name: string): unknown {
  return Object.hasOwn(object, name) ? (object[name] ?? undefined) : undefined;
}

function isWritten(value: unknown): value is Written {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

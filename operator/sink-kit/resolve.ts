import type { Static, TObject } from '@sinclair/typebox';

import { parseDuration } from '../schema/duration.ts';
import { type FieldRole } from '../schema/fields.ts';
import { type Problem } from '../schema/problem.ts';
import { parseQuantity } from '../schema/quantity.ts';
import { type Reason } from '../schema/reasons.ts';
import { secretRefField } from '../schema/written.ts';
import { LayoutError } from '../template/layout.ts';
import { compileDocument, compileText } from './compile.ts';
import { type RoleField, walkConfig } from './config-walk.ts';
import { type TlsSecret } from './secret-fields.ts';

/** A Secret, or a key of one, that a written configuration refers to. */
export interface SecretRef {
  /** Where the reference is written. */
  readonly path: string;
  readonly name: string;
  /** Absent when the whole Secret is used. */
  readonly key?: string;
}

/** Something that keeps a configuration from being used, with the reason of the condition that tells it. */
export interface ConfigProblem extends Problem {
  readonly reason: Reason;
}

/** What a written configuration is resolved with. */
export interface ResolveOptions<Config extends TObject> {
  readonly schema: Config;
  /** What the user wrote; it has passed the schema's validation. */
  readonly written: unknown;
  /** Where it is written: `spec.sink.slack`. */
  readonly path: string;
  /** The keys of a Secret with their decoded values; undefined when there is none or it may not be read. */
  readonly secret: (name: string) => Readonly<Record<string, string>> | undefined;
}

/** A configuration that a sink can be opened with, or what is wrong with it. */
export type ResolvedConfig<Config extends TObject> =
  | {
      readonly config: Static<Config>;
      /** Every credential in it, for redaction. */
      readonly secrets: readonly string[];
    }
  | { readonly problems: readonly ConfigProblem[] };

/** Lists the Secrets that a written configuration refers to. */
export function secretRefs(schema: TObject, written: unknown, path = ''): SecretRef[] {
  const found: SecretRef[] = [];
  walkConfig(schema, { path, value: written }, (field) => {
    const ref = refOf(field);
    if (ref !== undefined) found.push(ref);
    return undefined;
  });
  return found;
}

/**
 * Turns a written configuration into the one that a sink is opened with: defaults put in, Secrets looked up, templates
 * compiled, durations and sizes read. Line breaks at the end of a Secret's value are taken off: `echo` and editors put
 * them there, and no credential ends with one.
 */
export function resolveConfig<Config extends TObject>(
  options: ResolveOptions<Config>,
): ResolvedConfig<Config> {
  const { schema, written, path, secret } = options;
  const resolution = new Resolution(secret);
  const config = walkConfig(schema, { path, value: written }, (field) => resolution.resolve(field));
  const { problems, secrets } = resolution;
  return problems.length > 0
    ? { problems }
    : { config: config as Static<Config>, secrets: [...new Set(secrets)] };
}

class Resolution {
  readonly problems: ConfigProblem[] = [];
  readonly secrets: string[] = [];
  readonly #secret: ResolveOptions<TObject>['secret'];
  readonly #byRole: Readonly<Record<FieldRole, (field: RoleField) => unknown>> = {
    secret: (field) => this.#credential(field),
    secretMap: (field) => this.#wholeSecret(field),
    secretTls: (field) => this.#tlsSecret(field),
    template: (field) => this.#compile(field, () => compileText(String(field.value), field.path)),
    layout: (field) => this.#compile(field, () => compileDocument(field.value, field.path)),
    duration: (field) =>
      parseDuration(String(field.value)) ??
      this.#fail(field.path, 'InvalidSpec', 'must be a duration such as 10s, 5m or 1h30m'),
    quantity: (field) =>
      parseQuantity(String(field.value)) ??
      this.#fail(field.path, 'InvalidSpec', 'must be a number of bytes such as 512Ki, 5Mi or 1048576'),
  };

  constructor(secret: ResolveOptions<TObject>['secret']) {
    this.#secret = secret;
  }

  resolve(field: RoleField): unknown {
    return this.#byRole[field.role](field);
  }

  #fail(path: string, reason: Reason, message: string): undefined {
    this.problems.push({ path, reason, message });
  }

  #credential(field: RoleField): string | undefined {
    if (field.value !== undefined && field.ref !== undefined) {
      const names = lastNames(field.path);
      this.#fail(
        field.path,
        'InvalidSpec',
        `sets both \`${names.plain}\` and \`${names.ref}\`; keep one of them`,
      );
      return;
    }
    const value = field.ref === undefined ? (field.value as string) : this.#keyOf(refOf(field));
    if (value !== undefined) this.secrets.push(value);
    return value;
  }

  #keyOf(ref: SecretRef | undefined): string | undefined {
    const data = this.#dataOf(ref);
    if (ref?.key === undefined || data === undefined) return undefined;
    const { path, name, key } = ref;
    if (!Object.hasOwn(data, key)) {
      this.#fail(path, 'SecretKeyNotFound', `names the key ${key} of Secret ${name}, which ${holds(data)}`);
      return;
    }
    const value = withoutLineEnd(data[key] ?? '');
    if (value !== '') return value;
    this.#fail(path, 'SecretKeyNotFound', `names the key ${key} of Secret ${name}, which is empty`);
  }

  #dataOf(ref: SecretRef | undefined): Readonly<Record<string, string>> | undefined {
    if (ref === undefined) return undefined;
    const { path, name } = ref;
    const data = this.#secret(name);
    if (data !== undefined) return data;
    this.#fail(
      path,
      'SecretNotFound',
      `names the Secret ${name}, which does not exist in this namespace or may not be read`,
    );
  }

  #wholeSecret(field: RoleField): Readonly<Record<string, string>> | undefined {
    const data = this.#dataOf(refOf(field));
    if (data === undefined) return undefined;
    const values = Object.entries(data).map(([key, value]) => [key, withoutLineEnd(value)] as const);
    this.secrets.push(...values.map(([, value]) => value));
    return Object.fromEntries(values);
  }

  #tlsSecret(field: RoleField): TlsSecret | undefined {
    const ref = refOf(field);
    const data = this.#dataOf(ref);
    if (ref === undefined || data === undefined) return undefined;
    const known = (['ca.crt', 'tls.crt', 'tls.key'] as const).filter((key) => Object.hasOwn(data, key));
    if (known.length === 0) {
      this.#fail(
        ref.path,
        'SecretKeyNotFound',
        `names the Secret ${ref.name}, which has none of ca.crt, tls.crt and tls.key: it ${holds(data)}`,
      );
      return;
    }
    if (data['tls.key'] !== undefined) this.secrets.push(data['tls.key']);
    return Object.fromEntries(known.map((key) => [key, data[key]]));
  }

  #compile<T>(field: RoleField, compile: () => T): T | undefined {
    try {
      return compile();
    } catch (error) {
      for (const { path, message } of templateProblems(error, field.path)) {
        this.#fail(path, 'InvalidTemplate', message);
      }
      return undefined;
    }
  }
}

function refOf({ role, path, value, ref }: RoleField): SecretRef | undefined {
  if (role === 'secret') {
    return isRef(ref)
      ? { path: secretRefField(path), name: ref.name, ...(ref.key !== undefined && { key: ref.key }) }
      : undefined;
  }
  if (role !== 'secretMap' && role !== 'secretTls') return undefined;
  return isRef(value) ? { path, name: value.name } : undefined;
}

function isRef(value: unknown): value is { name: string; key?: string } {
  return (
    typeof value === 'object' && value !== null && typeof (value as { name?: unknown }).name === 'string'
  );
}

function lastNames(path: string): { plain: string; ref: string } {
  const plain = path.slice(path.lastIndexOf('.') + 1);
  return { plain, ref: secretRefField(plain) };
}

function holds(data: Readonly<Record<string, string>>): string {
  const keys = Object.keys(data);
  return keys.length === 0 ? 'holds no keys' : `holds ${keys.slice(0, 20).join(', ')}`;
}

function withoutLineEnd(value: string): string {
  return value.replace(/[\r\n]+$/, '');
}

/** A layout tells all of its texts that do not compile, each with its own path. */
function templateProblems(error: unknown, path: string): readonly Problem[] {
  if (error instanceof LayoutError) return error.problems;
  return [{ path, message: error instanceof Error ? error.message : String(error) }];
}

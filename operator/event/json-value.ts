/** A JSON object whose shape nobody has checked. */
export type JsonRecord = Readonly<Record<string, unknown>>;

const nothing: JsonRecord = Object.freeze({});

/** Reads an object; what is none becomes an empty one. */
export function readRecord(value: unknown): JsonRecord {
  return isRecord(value) ? value : nothing;
}

/** Tells whether a value is a JSON object (no array, not null). */
export function isRecord(value: unknown): value is JsonRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Reads a text; numbers and booleans (which people write in YAML) become text, anything else `''`. */
export function readText(value: unknown): string {
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';
}

/** Reads a Go int32; anything else is 0. */
export function readInt32(value: unknown): number {
  return typeof value === 'number' && (value | 0) === value ? value | 0 : 0;
}

/** Reads an integer that JavaScript holds exactly; anything else is undefined. */
export function readInteger(value: unknown): number | undefined {
  return Number.isSafeInteger(value) ? (value as number) : undefined;
}

/**
 * Reads a map of texts, its keys in Go's order (by their UTF-8 bytes). Entries that are no text are left out; values
 * that people wrote in YAML as numbers or booleans become text.
 * @returns undefined when there is no map at all.
 */
export function readTextMap(value: unknown): Readonly<Record<string, string>> | undefined {
  if (!isRecord(value)) return undefined;
  const keys = sortKeys(Object.keys(value)).filter((key) => isScalar(value[key]));
  return Object.fromEntries(keys.map((key) => [key, readText(value[key])]));
}

/** Sorts keys as Go sorts map keys in JSON, in place: UTF-16 order differs from byte order only beyond the BMP. */
export function sortKeys(keys: string[]): string[] {
  if (keys.length < 2) return keys;
  keys.sort();
  if (!keys.some((key) => /[\ud800-\udfff]/.test(key))) return keys;
  return keys.sort((one, other) => Buffer.compare(Buffer.from(one), Buffer.from(other)));
}

function isScalar(value: unknown): boolean {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}

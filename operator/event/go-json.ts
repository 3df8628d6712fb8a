import { isRecord, sortKeys } from './json-value.ts';

/** What Go's encoding/json escapes and JSON.stringify does not. */
const goEscapes: Readonly<Record<string, string>> = {
  '<': '\\u003c',
  '>': '\\u003e',
  '&': '\\u0026',
  '\u2028': '\\u2028',
  '\u2029': '\\u2029',
};

/**
 * Writes plain JSON data as Go's encoding/json does: HTML characters escaped, U+FFFD for half a surrogate pair. Keys
 * keep the order of the data, except in maps with keys such as `10`, which JavaScript always puts first: these are
 * sorted as Go sorts every map.
 */
export function goJson(data: unknown): string {
  const text = JSON.stringify(data);
  // A quote inside a text is written as \", so `"10":` can only be a key.
  if (/"\d+":/.test(text)) return escapeAsGo(stringifySorted(data));
  return escapeAsGo(text);
}

function escapeAsGo(text: string): string {
  const escaped = text.replace(/[<>&\u2028\u2029]/g, (character) => goEscapes[character] ?? '');
  if (!escaped.includes('\\ud')) return escaped;
  return escaped.replace(/\\(?:ud[89a-f][0-9a-f]{2}|.)/g, (escape) =>
    escape.startsWith('\\ud') ? '\ufffd' : escape,
  );
}

function stringifySorted(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(stringifySorted).join(',')}]`;
  if (!isRecord(value)) return value === undefined ? 'null' : JSON.stringify(value);
  const keys = Object.keys(value).filter((key) => value[key] !== undefined);
  // Keys that are array indexes come first in every JavaScript object.
  if (/^\d/.test(keys[0] ?? '')) sortKeys(keys);
  const members = keys.map((key) => `${JSON.stringify(key)}:${stringifySorted(value[key])}`);
  return `{${members.join(',')}}`;
}

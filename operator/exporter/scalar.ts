import { parseDocument } from 'yaml';

import { hasPlaceholder, withPlaceholders } from './environment.ts';
import { type ScalarNode } from './node.ts';

type Reading = Pick<ScalarNode, 'value' | 'text'>;

const nulls: ReadonlySet<string> = new Set(['', '~', 'null', 'Null', 'NULL']);
const booleans: ReadonlyMap<string, boolean> = new Map([
  ...['true', 'True', 'TRUE'].map((word) => [word, true] as const),
  ...['false', 'False', 'FALSE'].map((word) => [word, false] as const),
]);

/**
 * Reads a value without quotes as the exporter's YAML (goccy/go-yaml) does: underscores in numbers, `0x10`, `0b1`, `0o7`,
 * and `007` in octal; `yes`, `on` and dates are text. In a field of text, numbers are written anew: `1.10` is `1.1`.
 */
export function readPlain(source: string): Reading {
  if (hasPlaceholder(source)) return { value: withPlaceholders(source), text: withPlaceholders(source) };
  if (nulls.has(source)) return { value: null, text: '' };
  const truth = booleans.get(source);
  if (truth !== undefined) return { value: truth, text: String(truth) };
  return readInteger(source) ?? readFloat(source) ?? { value: source, text: source };
}

const integerForms = [
  { form: /^([-+]?)0b([01_]+)$/, prefix: '0b' },
  { form: /^([-+]?)0x([0-9A-Fa-f_]+)$/, prefix: '0x' },
  { form: /^([-+]?)0o?([0-7_]+)$/, prefix: '0o' },
  { form: /^([-+]?)(0|[1-9][0-9_]*)$/, prefix: '' },
] as const;

/** More digits than any 64-bit number has, and too many to count with. */
const longestNumber = 70;

function readInteger(source: string): Reading | undefined {
  if (source.length > longestNumber) return undefined;
  for (const { form, prefix } of integerForms) {
    const [, sign, digits = ''] = form.exec(source) ?? [];
    const plain = digits.replaceAll('_', '');
    if (plain === '') continue;
    const size = BigInt(prefix + plain);
    const whole = sign === '-' ? -size : size;
    return { value: Number(whole), text: whole.toString() };
  }
  return undefined;
}

const floatForm = /^[-+]?(?:[0-9][0-9_]*\.?[0-9_]*|\.[0-9][0-9_]*)(?:[eE][-+]?[0-9]+)?$/;

function readFloat(source: string): Reading | undefined {
  // a number with a leading zero that is no octal one is text: a telephone number, a commit
  if (!floatForm.test(source) || /^[-+]?0[0-9_]+$/.test(source)) return undefined;
  const value = Number(source.replaceAll('_', ''));
  return Number.isFinite(value) ? { value, text: floatText(value) } : undefined;
}

/** Go prints exponents below 1e-4 and from 1e21 on, with two digits at least. */
function floatText(value: number): string {
  const text = value !== 0 && Math.abs(value) < 1e-4 ? value.toExponential() : String(value);
  return text.replace(/e([-+])(\d)$/, 'e$10$2');
}

/** What the exporter's YAML knows after a backslash; `\t`, `\r`, `\0` and all else stay as they are. */
const unknownEscape = /\\([^befnvLNP_"/\\xuU\n\r])/g;

/** Reads a value in double quotes, given with its quotes, as the exporter's YAML does. */
export function readDoubleQuoted(source: string): string {
  // pairs of backslashes first, so that the second of one does not begin an escape
  const kept = source.replaceAll(/\\\\|\\[^\\]/g, (pair) => pair.replace(unknownEscape, '\\\\$1'));
  const value: unknown = parseDocument(kept, { logLevel: 'silent' }).toJS();
  return withPlaceholders(typeof value === 'string' ? value : '');
}

import { isRecord } from '../event/json-value.ts';
import { printable } from '../routing/drawing.ts';

/** The longest value that is shown whole. */
const maxValueLength = 60;

/** Fields of a rule that are no conditions. */
const others: ReadonlySet<string> = new Set(['receiver', 'throttle']);

/** Writes a rule's conditions in one line: `type=Warning labels.tier=critical`; every Event when it has none. */
export function describeRule(rule: unknown): string {
  const fields = Object.entries(isRecord(rule) ? rule : {}).filter(([name]) => !others.has(name));
  const conditions = fields.flatMap(([name, value]) => describeField(name, value));
  return conditions.length === 0 ? 'every Event' : conditions.join(' ');
}

function describeField(name: string, value: unknown): string[] {
  if (name === 'minCount') return value === 0 ? [] : [`count>=${shorten(String(value))}`];
  if (isRecord(value))
    return Object.entries(value).flatMap(([key, inner]) => describeField(`${printable(name)}.${key}`, inner));
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text === '' ? describeEmpty(name) : [describePattern(printable(name), text)];
}

/** A map's key without a value asks for the key alone; a field without one asks for nothing. */
function describeEmpty(name: string): string[] {
  return name.includes('.') ? [printable(name)] : [];
}

function describePattern(name: string, text: string): string {
  const isNegated = text.startsWith('!') && name !== 'when';
  const shown = quote(shorten(isNegated ? text.slice(1) : text));
  return `${name}${isNegated ? '!=' : '='}${shown}`;
}

function shorten(text: string): string {
  const characters = Array.from(text);
  return characters.length <= maxValueLength ? text : `${characters.slice(0, maxValueLength - 1).join('')}…`;
}

function quote(text: string): string {
  return /^[^\s"']+$/.test(text) ? printable(text) : JSON.stringify(text);
}

import { printValue } from './formatter.ts';
import { type Budget } from './limits.ts';
import { typeOf } from './value-type.ts';
import { type Value } from './value.ts';

/** Writes values as fmt.Sprint does: a space between two neighbours that are both no text. */
export function sprint(values: readonly Value[], budget: Budget): string {
  let text = '';
  let lastIsText = false;
  for (const [index, value] of values.entries()) {
    const isText = value !== undefined && value !== null && typeOf(value)?.kind === 'string';
    if (index > 0 && !isText && !lastIsText) text += ' ';
    const added = printValue(value, budget);
    text += added;
    budget.grow(text.length, added.length);
    lastIsText = isText;
  }
  return text;
}

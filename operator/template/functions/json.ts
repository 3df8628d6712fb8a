import { fn, type FunctionContext, type FunctionTable } from '../function-type.ts';
import { finishText } from '../go-string.ts';
import { encodeJson, type JsonStyle } from '../json-writer.ts';
import { LimitError, GoError } from '../template-error.ts';
import { wrapJson } from '../wrap.ts';
import { type Value } from '../value.ts';

const compact: JsonStyle = { escapeHtml: true, indent: false };
const pretty: JsonStyle = { escapeHtml: true, indent: true };
const raw: JsonStyle = { escapeHtml: false, indent: false };

const encoder =
  (style: JsonStyle) =>
  (value: Value, { budget }: FunctionContext): string =>
    encodeJson(value, budget, style);

/** What Sprig's functions without `must` give when they fail. */
const forgiving =
  (style: JsonStyle) =>
  (value: Value, { budget }: FunctionContext): string => {
    try {
      return encodeJson(value, budget, style);
    } catch (error) {
      if (error instanceof LimitError || !(error instanceof GoError)) throw error;
      return '';
    }
  };

/** Go refuses numbers that no float64 can hold. */
function checkNumber(this: unknown, _key: string, value: unknown): unknown {
  if (typeof value === 'number' && !Number.isFinite(value)) {
    throw new GoError('json: cannot unmarshal number into Go value of type float64');
  }
  return value;
}

function decode(text: string, { budget }: FunctionContext): Value {
  budget.text(text.length);
  budget.spend(text.length / 16);
  try {
    return wrapJson(JSON.parse(finishText(text).toWellFormed(), checkNumber));
  } catch (error) {
    if (error instanceof SyntaxError) throw new GoError(`invalid JSON: ${error.message}`);
    throw error;
  }
}

function decodeOrNil(text: string, context: FunctionContext): Value {
  try {
    return decode(text, context);
  } catch (error) {
    if (error instanceof LimitError || !(error instanceof GoError)) throw error;
    return null;
  }
}

/** Sprig's JSON functions, and `toTyped` of ours. */
export const json: FunctionTable = {
  fromJson: fn('string: any', decodeOrNil),
  mustFromJson: fn('string: any', decode),
  toJson: fn('any: string', forgiving(compact)),
  mustToJson: fn('any: string', encoder(compact)),
  toPrettyJson: fn('any: string', forgiving(pretty)),
  mustToPrettyJson: fn('any: string', encoder(pretty)),
  toRawJson: fn('any: string', encoder(raw)),
  mustToRawJson: fn('any: string', encoder(raw)),
  toTyped: fn('any: string', (value: Value, context: FunctionContext) => {
    const text = encodeJson(value, context.budget, raw);
    context.noteTyped(text);
    return text;
  }),
};

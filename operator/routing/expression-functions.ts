import { parseDuration } from '../schema/duration.ts';
import { exhausted, Failure, isMap, type Scope, Span, spend, textCost } from './expression-value.ts';

/** A function of expressions: the receiver, if it has one, is the first value. */
export type CelFunction = (scope: Scope, values: readonly unknown[]) => unknown;

const unfit = new Failure('a function got a value of a type that it does not take');

function onText(apply: (text: string) => unknown): CelFunction {
  return (scope, [text]) => {
    if (typeof text !== 'string') return unfit;
    return spend(scope, textCost(text)) ? apply(text) : exhausted;
  };
}

function onTexts(apply: (text: string, other: string) => unknown): CelFunction {
  return (scope, [text, other]) => {
    if (typeof text !== 'string' || typeof other !== 'string') return unfit;
    return spend(scope, textCost(text) + textCost(other)) ? apply(text, other) : exhausted;
  };
}

function onTime(apply: (time: Date) => number): CelFunction {
  return (_scope, [time]) => (time instanceof Date ? apply(time) : unfit);
}

function size(scope: Scope, [value]: readonly unknown[]): unknown {
  if (Array.isArray(value)) return value.length;
  if (isMap(value)) return Object.keys(value).length;
  if (typeof value !== 'string') return unfit;
  return spend(scope, textCost(value)) ? countCharacters(value) : exhausted;
}

// CEL counts code points, where JavaScript counts UTF-16 units.
function countCharacters(text: string): number {
  let count = 0;
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    const second = unit >= 0xdc00 && unit <= 0xdfff && isHighSurrogate(text.charCodeAt(index - 1));
    if (!second) count += 1;
  }
  return count;
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff;
}

function toInt(_scope: Scope, [value]: readonly unknown[]): unknown {
  if (typeof value === 'number') return value;
  if (value instanceof Date) return Math.trunc(value.getTime() / 1_000);
  if (typeof value !== 'string') return unfit;
  const number = /^[+-]?[0-9]{1,16}$/.test(value) ? Number(value) : Number.NaN;
  return Number.isSafeInteger(number) ? number : new Failure('int() got a text that is no whole number');
}

function toText(_scope: Scope, [value]: readonly unknown[]): unknown {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return value instanceof Date ? value.toISOString() : unfit;
}

function toTimestamp(_scope: Scope, [value]: readonly unknown[]): unknown {
  if (value instanceof Date) return value;
  if (typeof value !== 'string') return unfit;
  const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/.test(value) ? new Date(value) : undefined;
  if (time === undefined || Number.isNaN(time.getTime())) {
    return new Failure('timestamp() got a text that is no RFC 3339 time');
  }
  return time;
}

function toDuration(_scope: Scope, [value]: readonly unknown[]): unknown {
  if (value instanceof Span) return value;
  if (typeof value !== 'string') return unfit;
  const ms = parseDuration(value);
  return ms === undefined
    ? new Failure('duration() got a text that is no duration such as 1h30m')
    : new Span(ms);
}

function upTo(unitMs: number, onDate: (time: Date) => number): CelFunction {
  return (_scope, [value]) => {
    if (value instanceof Span) return Math.trunc(value.ms / unitMs);
    return value instanceof Date ? onDate(value) : unfit;
  };
}

/** Functions that are called on a value: `event.reason.startsWith("Failed")`. `matches` and the macros are elsewhere. */
export const methods: Readonly<Record<string, CelFunction>> = {
  contains: onTexts((text, other) => text.includes(other)),
  startsWith: onTexts((text, other) => text.startsWith(other)),
  endsWith: onTexts((text, other) => text.endsWith(other)),
  lowerAscii: onText((text) => text.replaceAll(/[A-Z]+/g, (letters) => letters.toLowerCase())),
  upperAscii: onText((text) => text.replaceAll(/[a-z]+/g, (letters) => letters.toUpperCase())),
  trim: onText((text) => text.trim()),
  size,
  getFullYear: onTime((time) => time.getUTCFullYear()),
  getMonth: onTime((time) => time.getUTCMonth()),
  getDate: onTime((time) => time.getUTCDate()),
  getDayOfWeek: onTime((time) => time.getUTCDay()),
  getHours: upTo(3_600_000, (time) => time.getUTCHours()),
  getMinutes: upTo(60_000, (time) => time.getUTCMinutes()),
  getSeconds: upTo(1_000, (time) => time.getUTCSeconds()),
};

/** Functions that stand alone: `timestamp(event.lastTimestamp)`. */
export const functions: Readonly<Record<string, CelFunction>> = {
  size,
  int: toInt,
  string: toText,
  timestamp: toTimestamp,
  duration: toDuration,
};

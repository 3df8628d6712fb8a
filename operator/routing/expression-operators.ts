import {
  comparable,
  exhausted,
  Failure,
  isEqual,
  isMap,
  type Scope,
  Span,
  spend,
  textCost,
  typeName,
} from './expression-value.ts';

/** Computes a binary operator; both sides have values. */
export type Operate = (scope: Scope, left: unknown, right: unknown) => unknown;

type Order = (left: number | string, right: number | string) => boolean;
type Arithmetic = (left: number, right: number) => number;

function compareBy(symbol: string, order: Order): Operate {
  return (scope, left, right) => {
    const [first, second] = [comparable(left), comparable(right)];
    if (typeName(left) !== typeName(right)) return mismatch(symbol, left, right);
    if (typeof first === 'number' && typeof second === 'number') return order(first, second);
    if (typeof first !== 'string' || typeof second !== 'string') return mismatch(symbol, left, right);
    return spend(scope, textCost(first)) ? order(first, second) : exhausted;
  };
}

function calculate(symbol: string, arithmetic: Arithmetic): Operate {
  return (scope, left, right) => {
    if (!spend(scope, 1)) return exhausted;
    if (typeof left !== 'number' || typeof right !== 'number') return mismatch(symbol, left, right);
    const result = arithmetic(left, right);
    if (Number.isNaN(result)) return new Failure('there is a division by zero');
    // Beyond 2^53 a number would silently lose its last digits.
    return Number.isSafeInteger(result) ? result : new Failure('a whole number grows too large');
  };
}

const addNumbers = calculate('+', (left, right) => left + right);
const subtractNumbers = calculate('-', (left, right) => left - right);

function add(scope: Scope, left: unknown, right: unknown): unknown {
  if (typeof left === 'string' && typeof right === 'string') {
    return spend(scope, textCost(left) + textCost(right)) ? left + right : exhausted;
  }
  if (left instanceof Span && right instanceof Span) return new Span(left.ms + right.ms);
  if (left instanceof Date && right instanceof Span) return new Date(left.getTime() + right.ms);
  if (left instanceof Span && right instanceof Date) return new Date(left.ms + right.getTime());
  return addNumbers(scope, left, right);
}

function subtract(scope: Scope, left: unknown, right: unknown): unknown {
  if (left instanceof Date && right instanceof Date) return new Span(left.getTime() - right.getTime());
  if (left instanceof Date && right instanceof Span) return new Date(left.getTime() - right.ms);
  if (left instanceof Span && right instanceof Span) return new Span(left.ms - right.ms);
  return subtractNumbers(scope, left, right);
}

function isMember(scope: Scope, item: unknown, container: unknown): unknown {
  if (Array.isArray(container)) {
    for (const member of container) {
      const same = isEqual(scope, item, member);
      if (same !== false) return same;
    }
    return false;
  }
  if (!isMap(container) || typeof item !== 'string') return mismatch('in', item, container);
  return Object.hasOwn(container, item);
}

function isUnequal(scope: Scope, left: unknown, right: unknown): unknown {
  const same = isEqual(scope, left, right);
  return same instanceof Failure ? same : !same;
}

function mismatch(symbol: string, left: unknown, right: unknown): Failure {
  return new Failure(`${typeName(left)} ${symbol} ${typeName(right)} cannot be computed`);
}

/** The binary operators of expressions. Numbers are whole, so a division drops its remainder. */
export const operators: Readonly<Record<string, Operate>> = {
  '==': isEqual,
  '!=': isUnequal,
  '<': compareBy('<', (left, right) => left < right),
  '<=': compareBy('<=', (left, right) => left <= right),
  '>': compareBy('>', (left, right) => left > right),
  '>=': compareBy('>=', (left, right) => left >= right),
  '+': add,
  '-': subtract,
  '*': calculate('*', (left, right) => left * right),
  '/': calculate('/', (left, right) => (right === 0 ? Number.NaN : Math.trunc(left / right))),
  '%': calculate('%', (left, right) => left % right),
  in: isMember,
};

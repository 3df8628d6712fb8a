import type { ASTNode } from '@marcbachmann/cel-js';
import { compileCall } from './expression-calls.ts';
import { type Compilation, type Node, UnsupportedExpression } from './expression-compilation.ts';
import { operators } from './expression-operators.ts';
import {
  type Evaluate,
  evaluateAll,
  exhausted,
  Failure,
  readKey,
  spend,
  typeName,
} from './expression-value.ts';

/** Turns a type-checked syntax tree into functions. Nothing of the user's text is run as code or as a native RegExp. */
export function compileNode(node: ASTNode, compilation: Compilation): Evaluate {
  if (node.op === 'value') return compileLiteral(node);
  if (node.op === 'id') return compileVariable(node, compilation);
  if (node.op === '.') return compileAccess(node, compilation);
  if (node.op === '[]') return compileIndex(node, compilation);
  if (node.op === 'list') return compileList(node, compilation);
  if (node.op === 'call' || node.op === 'rcall') return compileCall(node, compilation);
  return compileOperator(node, compilation);
}

function compileLiteral(node: Node<'value'>): Evaluate {
  const written = node.args;
  const value = typeof written === 'bigint' ? Number(written) : written;
  const isDouble = typeof written === 'number';
  const isPlain = value === null || ['string', 'boolean', 'number'].includes(typeof value);
  if (isDouble || !isPlain || (typeof value === 'number' && !Number.isSafeInteger(value))) {
    throw new UnsupportedExpression('rules take whole numbers, texts, true, false and null', node);
  }
  return () => value;
}

function compileVariable(node: Node<'id'>, { variables }: Compilation): Evaluate {
  const slot = variables.lastIndexOf(node.args);
  if (slot >= 0) return (scope) => scope.slots[slot];
  if (node.args !== 'event') {
    throw new UnsupportedExpression(`${node.args} cannot be used in a rule`, node);
  }
  return (scope) => scope.event;
}

function compileAccess(node: Node<'.'>, compilation: Compilation): Evaluate {
  const [target, key] = node.args;
  compilation.reads.add(key);
  const read = compileNode(target, compilation);
  const absent = new Failure(`${node.input.slice(node.range.start, node.range.end)} is absent`);
  return (scope) => {
    const value = read(scope);
    if (value instanceof Failure) return value;
    return readKey(value, key) ?? absent;
  };
}

function compileIndex(node: Node<'[]'>, compilation: Compilation): Evaluate {
  const [read, readIndex] = node.args.map((part) => compileNode(part, compilation)) as [Evaluate, Evaluate];
  if (node.args[1].op === 'value') compilation.reads.add(String(node.args[1].args));
  else compilation.reads.add('labels');
  const absent = new Failure(`${node.input.slice(node.range.start, node.range.end)} is absent`);
  return (scope) => {
    const value = read(scope);
    if (value instanceof Failure) return value;
    const index = readIndex(scope);
    if (index instanceof Failure) return index;
    if (Array.isArray(value)) return (value as readonly unknown[])[Number(index)] ?? absent;
    return (typeof index === 'string' ? readKey(value, index) : undefined) ?? absent;
  };
}

function compileList(node: Node<'list'>, compilation: Compilation): Evaluate {
  const items = node.args.map((item) => compileNode(item, compilation));
  // Lists of literals are by far the most, and the same each time.
  if (node.args.every((item) => item.op === 'value')) {
    const values = items.map((item) => item({ event: undefined, slots: [], left: 0 }));
    return () => values;
  }
  return (scope) => {
    if (!spend(scope, items.length)) return exhausted;
    return evaluateAll(scope, items);
  };
}

function compileOperator(node: ASTNode, compilation: Compilation): Evaluate {
  if (node.op === '&&' || node.op === '||') return compileLogic(node, compilation);
  if (node.op === '!_' || node.op === '-_') return compileUnary(node, compilation);
  if (node.op === '?:') return compileTernary(node, compilation);
  const operate = Object.hasOwn(operators, node.op) ? operators[node.op] : undefined;
  if (operate === undefined)
    throw new UnsupportedExpression('rules take neither map literals nor optional access', node);
  const [left, right] = (node as Node<'=='>).args.map((part) => compileNode(part, compilation)) as [
    Evaluate,
    Evaluate,
  ];
  return (scope) => {
    if (!spend(scope, 1)) return exhausted;
    const first = left(scope);
    if (first instanceof Failure) return first;
    const second = right(scope);
    return second instanceof Failure ? second : operate(scope, first, second);
  };
}

// As CEL says: one decisive side suffices, on whichever side a failure stands.
function compileLogic(node: Node<'&&' | '||'>, compilation: Compilation): Evaluate {
  const decisive = node.op === '||';
  const [left, right] = node.args.map((part) => compileNode(part, compilation)) as [Evaluate, Evaluate];
  return (scope) => {
    const first = left(scope);
    if (first === decisive || first === exhausted) return first;
    const second = right(scope);
    if (second === decisive || second === exhausted) return second;
    return first instanceof Failure ? first : second;
  };
}

function compileUnary(node: Node<'!_' | '-_'>, compilation: Compilation): Evaluate {
  const read = compileNode(node.args, compilation);
  const apply = (value: unknown): unknown => {
    if (node.op === '!_' && typeof value === 'boolean') return !value;
    return typeof value === 'number' ? -value : new Failure(`a ${typeName(value)} cannot be turned round`);
  };
  return (scope) => {
    const value = read(scope);
    return value instanceof Failure ? value : apply(value);
  };
}

function compileTernary(node: Node<'?:'>, compilation: Compilation): Evaluate {
  const [condition, yes, no] = node.args.map((part) => compileNode(part, compilation)) as [
    Evaluate,
    Evaluate,
    Evaluate,
  ];
  return (scope) => {
    const verdict = condition(scope);
    if (verdict instanceof Failure) return verdict;
    return verdict === true ? yes(scope) : no(scope);
  };
}

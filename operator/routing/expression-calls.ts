import type { ASTNode } from '@marcbachmann/cel-js';
import { type Compilation, type Node, UnsupportedExpression } from './expression-compilation.ts';
import { type CelFunction, functions, methods } from './expression-functions.ts';
import {
  type Evaluate,
  evaluateAll,
  exhausted,
  Failure,
  readKey,
  spend,
  typeName,
} from './expression-value.ts';
import { existsOne, quantify, select } from './expression-walk.ts';
import { compilePattern } from './pattern.ts';

const maxNesting = 2;
const macros = new Set(['all', 'exists', 'exists_one', 'filter', 'map']);

/** Compiles a call: a function or method of the tables, `has`, `matches`, or a walk through a list or map. */
export function compileCall(node: Node<'call' | 'rcall'>, compilation: Compilation): Evaluate {
  if (node.op === 'call') {
    const [name, values] = node.args;
    if (name === 'has') return compileHas(node, compilation);
    return compileFunction(node, tableEntry(functions, name, node), [values, compilation]);
  }
  const [name, receiver, values] = node.args;
  if (macros.has(name)) return compileMacro(node, compilation);
  if (name === 'matches') return compileMatches(node, compilation);
  return compileFunction(node, tableEntry(methods, name, node), [[receiver, ...values], compilation]);
}

function tableEntry(table: Readonly<Record<string, CelFunction>>, name: string, node: ASTNode): CelFunction {
  const entry = Object.hasOwn(table, name) ? table[name] : undefined;
  if (entry !== undefined) return entry;
  const known = [...Object.keys(table), ...(table === methods ? ['matches', ...macros] : ['has'])];
  throw new UnsupportedExpression(`rules have no function ${name}; there are ${known.join(', ')}`, node);
}

function compileFunction(
  node: ASTNode,
  apply: CelFunction,
  [values, compilation]: readonly [readonly ASTNode[], Compilation],
): Evaluate {
  if (values.length > 2) throw new UnsupportedExpression('a function has too many arguments', node);
  const parts = values.map((value) => compilation.compile(value, compilation));
  return (scope) => {
    if (!spend(scope, 1)) return exhausted;
    const evaluated = evaluateAll(scope, parts);
    return evaluated instanceof Failure ? evaluated : apply(scope, evaluated);
  };
}

function compileHas(node: Node<'call'>, compilation: Compilation): Evaluate {
  const [argument] = node.args[1];
  if (argument?.op !== '.') throw new UnsupportedExpression('has() takes a field: has(event.series)', node);
  const [target, key] = argument.args;
  compilation.reads.add(key);
  const read = compilation.compile(target, compilation);
  return (scope) => {
    const value = read(scope);
    return value instanceof Failure ? value : readKey(value, key) !== undefined;
  };
}

function compileMatches(node: Node<'rcall'>, compilation: Compilation): Evaluate {
  const [, receiver, [pattern]] = node.args;
  if (pattern?.op !== 'value' || typeof pattern.args !== 'string') {
    throw new UnsupportedExpression('matches() takes a pattern in quotes', node);
  }
  // A leading `!` is no negation here: CEL has an operator for it.
  const compiled = compilePattern(pattern.args.replace(/^!/, '\\!'));
  if ('problem' in compiled) throw new UnsupportedExpression(`the pattern ${compiled.problem}`, pattern);
  if (compiled.note !== undefined) {
    throw new UnsupportedExpression(`the pattern ${compiled.note}; write that instead`, pattern);
  }
  const read = compilation.compile(receiver, compilation);
  const { size, test } = compiled.matcher;
  return (scope) => {
    const text = read(scope);
    if (text instanceof Failure) return text;
    if (typeof text !== 'string') return new Failure(`matches() got a ${typeName(text)}`);
    return spend(scope, 2 + ((text.length * size) >> 6)) ? test(text) : exhausted;
  };
}

function compileMacro(node: Node<'rcall'>, compilation: Compilation): Evaluate {
  const [name, receiver, [variable, ...rest]] = node.args;
  const slot = compilation.variables.length;
  if (slot >= maxNesting) {
    throw new UnsupportedExpression(
      `${name} stands deeper than ${maxNesting} walks inside one another`,
      node,
    );
  }
  if (variable?.op !== 'id') throw new UnsupportedExpression(`${name}() takes a variable first`, node);
  const range = compilation.compile(receiver, compilation);
  const inner = { ...compilation, variables: [...compilation.variables, variable.args] };
  const [step, transform] = rest.map((part) => compilation.compile(part, inner));
  if (step === undefined) throw new UnsupportedExpression(`${name}() takes a variable and a condition`, node);
  const walk = { range, slot, step };
  if (name === 'exists' || name === 'all') return quantify(walk, name === 'exists');
  if (name === 'exists_one') return existsOne(walk);
  if (name === 'filter') return select(walk);
  if (transform !== undefined) return select({ ...walk, transform });
  return select({ range, slot, step: () => true, transform: step });
}

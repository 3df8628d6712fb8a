import type { ASTNode } from '@marcbachmann/cel-js';
import { type Evaluate } from './expression-value.ts';

/** A part of an expression that is valid CEL, and that rules do not take. */
export class UnsupportedExpression extends Error {
  /** Where in the expression, counted from 0. */
  readonly position: number;

  constructor(message: string, node: ASTNode) {
    super(message);
    this.position = node.start;
  }
}

/** What compiling an expression collects. */
export interface Compilation {
  /** Names of the comprehensions' variables that are in sight, outermost first. */
  readonly variables: readonly string[];
  /** Every field name that the expression reads. */
  readonly reads: Set<string>;
  /** Compiles a part of the expression. */
  readonly compile: (node: ASTNode, compilation: Compilation) => Evaluate;
}

/** A node of the syntax tree with one of some operators. */
export type Node<Op extends ASTNode['op']> = Extract<ASTNode, { op: Op }>;

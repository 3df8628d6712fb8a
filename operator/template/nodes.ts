/** A number as Go's parser sees it: under every type that can hold its value. */
export interface NumberValue {
  readonly int: bigint | undefined;
  readonly uint: bigint | undefined;
  readonly float: number | undefined;
}

/** Something that has a value; `offset` is where errors about it point. */
export type Operand =
  | { readonly kind: 'bool'; readonly offset: number; readonly value: boolean }
  | { readonly kind: 'string'; readonly offset: number; readonly value: string; readonly quoted: string }
  | { readonly kind: 'number'; readonly offset: number; readonly value: NumberValue; readonly text: string }
  | { readonly kind: 'nil'; readonly offset: number }
  | { readonly kind: 'dot'; readonly offset: number }
  | { readonly kind: 'field'; readonly offset: number; readonly names: readonly string[] }
  | {
      readonly kind: 'variable';
      readonly offset: number;
      readonly name: string;
      readonly names: readonly string[];
    }
  | {
      readonly kind: 'chain';
      readonly offset: number;
      readonly of: Operand;
      readonly names: readonly string[];
    }
  | { readonly kind: 'function'; readonly offset: number; readonly name: string }
  | Pipeline;

/** One stage of a pipeline: a function, method or value, and its arguments. */
export interface Command {
  readonly offset: number;
  readonly operands: readonly Operand[];
}

/** Commands whose values flow from left to right, and the variables that get the last one. */
export interface Pipeline {
  readonly kind: 'pipeline';
  readonly offset: number;
  readonly declares: readonly string[];
  readonly assigns: boolean;
  readonly commands: readonly Command[];
}

/** A statement of a template. */
export type Node =
  | { readonly kind: 'text'; readonly offset: number; readonly text: string }
  | { readonly kind: 'action'; readonly offset: number; readonly pipeline: Pipeline }
  | {
      readonly kind: 'if' | 'with' | 'range';
      readonly offset: number;
      readonly pipeline: Pipeline;
      readonly body: readonly Node[];
      readonly otherwise: readonly Node[] | undefined;
    }
  | {
      readonly kind: 'template';
      readonly offset: number;
      readonly name: string;
      readonly pipeline: Pipeline | undefined;
    }
  | { readonly kind: 'break' | 'continue'; readonly offset: number };

/** A parsed source: its own statements and the templates that it defines. */
export interface ParsedTemplate {
  readonly body: readonly Node[];
  readonly definitions: ReadonlyMap<string, readonly Node[]>;
  /** Names of variables that something is assigned to, anywhere, after they were declared. */
  readonly assigned: ReadonlySet<string>;
}

/** Tells whether statements are white space only; Go lets such a definition be replaced. */
export function isBlank(nodes: readonly Node[]): boolean {
  return nodes.every((node) => node.kind === 'text' && node.text.trim() === '');
}

/** Writes an operand as it stands in the source, for error messages. */
export function describeOperand(operand: Operand): string {
  switch (operand.kind) {
    case 'string':
      return operand.quoted;
    case 'number':
      return operand.text;
    case 'field':
      return operand.names.map((name) => `.${name}`).join('');
    case 'variable':
      return [operand.name, ...operand.names].join('.');
    case 'function':
      return operand.name;
    case 'chain':
      return [`(${describeOperand(operand.of)})`, ...operand.names].join('.');
    case 'pipeline':
      return operand.commands.map((command) => command.operands.map(describeOperand).join(' ')).join(' | ');
    default:
      return describeWord(operand);
  }
}

function describeWord(operand: Extract<Operand, { kind: 'bool' | 'nil' | 'dot' }>): string {
  if (operand.kind === 'bool') return String(operand.value);
  return operand.kind === 'nil' ? 'nil' : '.';
}

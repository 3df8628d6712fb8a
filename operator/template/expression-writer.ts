import { type CodeScope } from './code-scope.ts';
import { type Expression } from './expression.ts';
import { type FunctionTable } from './function-type.ts';
import { type Operand } from './nodes.ts';

/** What the code of an expression depends on. */
export interface ExpressionWriter {
  readonly scope: CodeScope;
  readonly functions: FunctionTable;
  /** Code of an operand as a value, wherever it stands as an argument. */
  operand(operand: Operand): Expression;
}

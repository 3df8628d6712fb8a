import { type FunctionTable } from '../function-type.ts';
import { builtins } from './builtins.ts';

/** Every function that a template may call. */
export const functions: FunctionTable = { ...builtins };

import { type GoType } from '../schema/go-type.ts';
import { type CodeScope } from './code-scope.ts';
import { type Expression } from './expression.ts';
import { functions } from './functions/table.ts';
import { type Node } from './nodes.ts';
import { parseTemplate } from './parser.ts';
import { type Entry, StatementGenerator } from './statement-generator.ts';

/** Writes the program of a template and of those that it defines, for eta to make one function of. */
export function generateProgram(source: string, root: GoType, scope: CodeScope): Entry[] {
  const parsed = parseTemplate(source, (name) => Object.hasOwn(functions, name));
  const defined = [...parsed.definitions];
  const templates = new Map(defined.map(([name], index) => [name, `t${index}`]));
  const write = (body: readonly Node[], dot: Expression): Entry[] => {
    const generator = new StatementGenerator(scope, { functions, templates, dot, assigned: parsed.assigned });
    const locals = scope.collectLocals(() => generator.block(body));
    return [{ t: 'e', val: locals }, ...generator.entries];
  };
  const main = write(parsed.body, { code: '$', type: root, raw: true });
  const definitions = defined.flatMap(([, body], index) => [
    { t: 'e', val: `function t${index}(dot){` } as const,
    ...scope.sometimes(() => write(body, { code: 'dot' })),
    { t: 'e', val: '}' } as const,
  ]);
  return [{ t: 'e', val: 'const r=it.r,k=it.k,$=r.data;' }, ...definitions, ...main];
}

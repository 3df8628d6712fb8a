import { environment, maxExpressionLength } from './expression-environment.ts';
import { compileNode } from './evaluator.ts';
import { UnsupportedExpression } from './expression-compilation.ts';
import { exhausted, Failure, type Scope } from './expression-value.ts';

// About 10 ms at worst, for an event that was made to be slow; a usual expression takes 20 units.
const workLimit = 200_000;

/** A compiled `when`: CEL over `event`, the Event's JSON document. */
export interface Expression {
  readonly written: string;
  /** It reads what only a look-up of the involved object tells: labels, annotations, owners, `deleted`. */
  readonly needsObject: boolean;
  /** Says whether the expression is true; one that has no value (an absent field) is not. */
  readonly matches: (data: Readonly<Record<string, unknown>>) => boolean;
  /** Says why the expression is not true: it is false, or has no value and for what reason. */
  readonly whyNot: (data: Readonly<Record<string, unknown>>) => string | undefined;
}

/** Compiles a `when` expression; it has to give a boolean for every event. */
export function compileExpression(
  written: string,
): { readonly expression: Expression } | { readonly problem: string } {
  if (written.length > maxExpressionLength) {
    return {
      problem: `is an expression of ${written.length} characters; at most ${maxExpressionLength} are taken`,
    };
  }
  try {
    return compileChecked(written);
  } catch (error) {
    return { problem: `is not an expression that a rule takes: ${describe(error)}` };
  }
}

function compileChecked(written: string): { expression: Expression } | { problem: string } {
  const parsed = environment.parse(written);
  const checked = parsed.check();
  if (!checked.valid) throw checked.error ?? new Error('it does not pass the type check');
  if (checked.type !== 'bool') {
    return {
      problem: `gives ${checked.type ?? 'nothing'}; a rule needs a boolean, so compare it with something`,
    };
  }
  const reads = new Set<string>();
  const evaluate = compileNode(parsed.ast, { variables: [], reads, compile: compileNode });
  const scope: Scope = { event: undefined, slots: [undefined, undefined], left: 0 };
  const run = (data: unknown): unknown => {
    scope.event = data;
    scope.left = workLimit;
    const value = evaluate(scope);
    // The scope outlives the event, which must not be kept in memory by it.
    scope.event = undefined;
    scope.slots.fill(undefined);
    return value;
  };
  return {
    expression: {
      written,
      needsObject: [...lookedUpFields].some((field) => reads.has(field)),
      matches: (data) => run(data) === true,
      whyNot: (data) => explainValue(run(data)),
    },
  };
}

const lookedUpFields = new Set(['labels', 'annotations', 'ownerReferences', 'deleted']);

function explainValue(value: unknown): string | undefined {
  if (value === true) return undefined;
  if (value === exhausted) return exhausted.reason;
  return value instanceof Failure
    ? `the expression has no value: ${value.reason}`
    : 'the expression is false';
}

function describe(error: unknown): string {
  if (error instanceof UnsupportedExpression) return `${error.message}, at character ${error.position + 1}`;
  if (!(error instanceof Error)) return String(error);
  const { summary, range } = error as Error & { summary?: string; range?: { start: number } };
  const text = (summary ?? error.message).split('\n', 1)[0] ?? '';
  const lowered = text.charAt(0).toLowerCase() + text.slice(1);
  return range === undefined ? lowered : `${lowered}, at character ${range.start + 1}`;
}

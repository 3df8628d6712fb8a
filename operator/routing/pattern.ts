import { RE2JS } from 're2js';
import { globToPattern, readsAsGlob } from './glob.ts';
import { compileLiterals, isAscii } from './literal-pattern.ts';
import { estimateSize } from './pattern-size.ts';

/** The longest pattern that is taken, in characters. */
export const maxPatternLength = 4_096;

const maxInstructions = 4_000;
// What one test may cost when the engine has to follow every state: about 60 ms. Small programs see long texts whole.
const maxStateSteps = 8_000_000;
const minTextLimit = 4_096;
const maxTextLimit = 65_536;
// re2js would let every pattern keep 8 MB of states; a tenant with a thousand patterns must not take the process down.
const engineMemoryBytes = 128 * 1_024;
const memoEntries = 256;
const memoTextLength = 128;

/** A compiled pattern; it matches in time linear in the text. */
export interface Pattern {
  /** As the user wrote it, with the `!` of a negation. */
  readonly written: string;
  /** The text must not match: `test` is already turned round. */
  readonly negated: boolean;
  /** Instructions of the compiled program: what it costs in memory and, at worst, per character. */
  readonly size: number;
  readonly test: (text: string) => boolean;
}

/** What became of a pattern: a matcher (with a note if it was read in another way than RE2), or what is wrong. */
export type PatternResult =
  { readonly matcher: Pattern; readonly note?: string } | { readonly problem: string };

/** What the caller knows about the texts. */
export interface PatternOptions {
  /** The field has few values (kinds, reasons, namespaces): answers are remembered, at most 256 of them. */
  readonly fewValues?: boolean;
}

interface Engine {
  readonly test: Pattern['test'];
  readonly size: number;
}

/**
 * Compiles a text of a rule: RE2 as in Go, unanchored, case-sensitive; a leading `!` negates. A text that RE2 rejects
 * but that reads as a shell glob becomes an anchored glob, and a note says so.
 * Of a text longer than 64 Ki characters (4 Ki for the largest patterns) an engine sees the beginning only.
 */
export function compilePattern(written: string, options: PatternOptions = {}): PatternResult {
  const negated = written.startsWith('!');
  const text = negated ? written.slice(1) : written;
  const tooLarge = describeExcess(text);
  if (tooLarge !== undefined) return { problem: tooLarge };
  const compiled = compileText(text, options);
  if ('problem' in compiled) return compiled;
  const { engine, note } = compiled;
  const test = negated ? (value: string) => !engine.test(value) : engine.test;
  const matcher: Pattern = { written, negated, size: engine.size, test };
  return note === undefined ? { matcher } : { matcher, note };
}

function describeExcess(text: string): string | undefined {
  if (text.length > maxPatternLength) {
    return `is a pattern of ${text.length} characters; at most ${maxPatternLength} are taken, so split it into several rules`;
  }
  if (estimateSize(text) > maxPatternLength * 2) {
    return 'is a pattern whose repetitions make it too large; use smaller counts in { }';
  }
  return undefined;
}

function compileText(
  text: string,
  options: PatternOptions,
): { engine: Engine; note?: string } | { problem: string } {
  try {
    return compileEngine(text, options);
  } catch (error) {
    const cause = describeCause(error);
    if (isMissingOperand(cause) && readsAsGlob(text)) return compileGlob(text, options);
    return { problem: `is not a valid RE2 pattern: ${cause}${remedyOf(text, cause)}` };
  }
}

function compileGlob(
  glob: string,
  options: PatternOptions,
): { engine: Engine; note: string } | { problem: string } {
  const pattern = globToPattern(glob);
  const compiled = compileEngine(pattern, options);
  if ('problem' in compiled) return compiled;
  const note = `is no RE2 pattern; it was taken as the shell glob ${glob}, which is the pattern ${pattern}`;
  return { engine: compiled.engine, note };
}

function compileEngine(text: string, options: PatternOptions): { engine: Engine } | { problem: string } {
  // Always first: what Go would reject is rejected, also where the fast path could make sense of it.
  const re2 = RE2JS.compile(text);
  const size = re2.re2().numberOfInstructions() as number;
  const literals = compileLiterals(text);
  if (literals !== undefined && !literals.ignoreCase) return { engine: { test: literals.test, size } };
  if (size > maxInstructions) {
    return {
      problem: `is a pattern of ${size} instructions; at most ${maxInstructions} are taken, so split it into several rules`,
    };
  }
  const search = boundedSearch(re2, size);
  const test = literals === undefined ? search : foldCase(literals.test, search);
  return { engine: { test: options.fewValues === true ? remember(test) : test, size } };
}

function boundedSearch(re2: RE2JS, size: number): Pattern['test'] {
  const { dfa } = re2.re2();
  dfa.stateBudget = engineMemoryBytes;
  dfa.memBudget = engineMemoryBytes;
  const limit = Math.min(maxTextLimit, Math.max(minTextLimit, Math.floor(maxStateSteps / Math.max(1, size))));
  return (text) => re2.test(text.length > limit ? text.slice(0, limit) : text);
}

// K and S have relatives outside ASCII (the Kelvin sign, the long s), so only ASCII texts may be compared in lower case.
function foldCase(compare: Pattern['test'], search: Pattern['test']): Pattern['test'] {
  return (text) => (isAscii(text) ? compare(text.toLowerCase()) : search(text));
}

function remember(test: Pattern['test']): Pattern['test'] {
  const answers = new Map<string, boolean>();
  return (text) => {
    const known = answers.get(text);
    if (known !== undefined) return known;
    const answer = test(text);
    if (text.length > memoTextLength) return answer;
    if (answers.size >= memoEntries) answers.clear();
    answers.set(text, answer);
    return answer;
  };
}

function describeCause(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.replace(/^error parsing regexp: /, '');
}

function isMissingOperand(cause: string): boolean {
  return cause.startsWith('missing argument to repetition') || cause.startsWith('invalid nested repetition');
}

function remedyOf(text: string, cause: string): string {
  if (/\(\?<?[=!]/.test(text)) return '; RE2 has no look-around, use a leading ! or a drop rule instead';
  if (/escape sequence: `\\\d/.test(cause)) return '; RE2 has no back-references';
  if (isMissingOperand(cause)) return '; write .* for any text, or \\* for a star';
  return '';
}

/** Counts of repetition that stand before the closing brace: `{3}`, `{3,}`, `{3,9}`. */
const repetition = /\{(\d{1,6})(?:,(\d{0,6}))?\}/y;

interface Group {
  /** What the group holds so far, in instructions. */
  total: number;
  /** Its last element, which a repetition multiplies. */
  last: number;
}

/**
 * Estimates how many instructions an engine makes of a pattern, from its text alone: `(ab){500}` says 1000 in nine
 * characters, and compiling first would already cost what is to be prevented.
 */
export function estimateSize(pattern: string): number {
  const groups: Group[] = [{ total: 0, last: 0 }];
  let index = 0;
  while (index < pattern.length) {
    const group = groups.at(-1) ?? { total: 0, last: 0 };
    const times = readRepetition(pattern, index);
    if (times !== undefined) {
      group.total += group.last * (times.count - 1);
      group.last *= times.count;
      index = times.end;
    } else if (pattern[index] === '(') {
      groups.push({ total: 0, last: 0 });
      index += 1;
    } else if (pattern[index] === ')' && groups.length > 1) {
      groups.pop();
      addElement(groups, group.total + 2);
      index += 1;
    } else {
      addElement(groups, 1);
      index = endOfElement(pattern, index);
    }
  }
  return groups.reduce((sum, group) => sum + group.total, 0);
}

function addElement(groups: readonly Group[], size: number): void {
  const group = groups.at(-1);
  if (group === undefined) return;
  group.total += size;
  group.last = size;
}

function readRepetition(pattern: string, index: number): { count: number; end: number } | undefined {
  if (pattern[index] !== '{') return undefined;
  repetition.lastIndex = index;
  const match = repetition.exec(pattern);
  if (match === null) return undefined;
  const count = Math.max(1, Number(match[1]), Number(match[2] ?? 0));
  return { count, end: repetition.lastIndex };
}

function endOfElement(pattern: string, index: number): number {
  if (pattern[index] === '\\') return index + 2;
  if (pattern[index] !== '[') return index + 1;
  let end = index + 1;
  // A `]` that comes first, also after `^`, is a member of the class.
  if (pattern[end] === '^') end += 1;
  if (pattern[end] === ']') end += 1;
  while (end < pattern.length && pattern[end] !== ']') end += pattern[end] === '\\' ? 2 : 1;
  return end + 1;
}

import { type WriteStream } from 'node:tty';

/** What a painted word means. */
export type Meaning = 'good' | 'bad' | 'doubtful' | 'faint' | 'strong';

/** Marks a word for the eye; the word stays as it is where colours are not wanted. */
export type Paint = (text: string, meaning: Meaning) => string;

const codes: Readonly<Record<Meaning, readonly [number, number]>> = {
  good: [32, 39],
  bad: [31, 39],
  doubtful: [33, 39],
  faint: [2, 22],
  strong: [1, 22],
};

/** Chooses colours for a stream: on a terminal alone, and not when NO_COLOR is set (https://no-color.org). */
export function createPaint(
  stream: Pick<WriteStream, 'isTTY'>,
  env: Readonly<Record<string, string | undefined>> = process.env,
): Paint {
  const isWanted = stream.isTTY && !env['NO_COLOR'] && env['TERM'] !== 'dumb';
  if (!isWanted) return (text) => text;
  return (text, meaning) => {
    const [open, close] = codes[meaning];
    return `\u001b[${open}m${text}\u001b[${close}m`;
  };
}

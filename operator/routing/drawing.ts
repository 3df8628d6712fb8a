/** A line of a drawn tree, with what hangs below it. */
export interface Drawn {
  readonly text: string;
  readonly below: readonly Drawn[];
}

/** Makes a line with nothing below it. */
export function leaf(text: string): Drawn {
  return { text, below: [] };
}

/** Draws a tree, line by line; the first one stands at the margin. */
export function draw({ text, below }: Drawn, first = '', rest = ''): string[] {
  const lines = [`${first}${text}`];
  for (const [index, child] of below.entries()) {
    const last = index === below.length - 1;
    lines.push(...draw(child, `${rest}${last ? '└─ ' : '├─ '}`, `${rest}${last ? '   ' : '│  '}`));
  }
  return lines;
}

/** Makes a text safe to show: it is anyone's, and a control character in it could rewrite the terminal. */
export function printable(text: string): string {
  return text.replaceAll(
    /[\u0000-\u001f\u007f-\u009f]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

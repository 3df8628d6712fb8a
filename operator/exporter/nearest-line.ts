/** Finds the line of a path such as `match[0].labels`, or else of the nearest part around it that has one. */
export function nearestLine(lines: ReadonlyMap<string, number>, path: string): number | undefined {
  for (let part = path; ; part = withoutLast(part)) {
    const line = lines.get(part) ?? lines.get(part.replace(/SecretRef$/, ''));
    if (line !== undefined || part === '') return line;
  }
}

function withoutLast(path: string): string {
  const at = Math.max(path.lastIndexOf('.'), path.lastIndexOf('['));
  return path.slice(0, Math.max(at, 0));
}

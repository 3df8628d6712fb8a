/** Cuts a path as `joinPath` writes it into its keys: `spec.match[0].labels["a/b"]` has four. */
export function splitPath(path: string): (string | number)[] {
  const keys: (string | number)[] = [];
  const part = /\.?([^.[\]"]+)|\[(\d+)\]|\[("(?:[^"\\]|\\.)*")\]/gy;
  for (const [, name, index, quoted] of path.matchAll(part)) {
    if (name !== undefined) keys.push(name);
    else if (index !== undefined) keys.push(Number(index));
    else keys.push(JSON.parse(quoted ?? '""') as string);
  }
  return keys;
}

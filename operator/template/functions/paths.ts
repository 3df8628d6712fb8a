import { fn, type FunctionTable, type GoFunction } from '../function-type.ts';

/** Go's path.Clean. */
function clean(path: string): string {
  const rooted = path.startsWith('/');
  const kept: string[] = [];
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') kept.push(part);
    else if (kept.length > 0 && kept.at(-1) !== '..') kept.pop();
    else if (!rooted) kept.push('..');
  }
  const joined = kept.join('/');
  if (rooted) return `/${joined}`;
  return joined === '' ? '.' : joined;
}

function base(path: string): string {
  if (path === '') return '.';
  let end = path.length;
  while (path[end - 1] === '/') end -= 1;
  return end === 0 ? '/' : path.slice(path.lastIndexOf('/', end - 1) + 1, end);
}

const dir = (path: string): string => clean(path.slice(0, path.lastIndexOf('/') + 1));

function extension(path: string): string {
  const name = path.slice(path.lastIndexOf('/') + 1);
  const dot = name.lastIndexOf('.');
  return dot < 0 ? '' : name.slice(dot);
}

const named: Readonly<Record<string, GoFunction>> = {
  Base: fn('string: string', base),
  Dir: fn('string: string', dir),
  Clean: fn('string: string', clean),
  Ext: fn('string: string', extension),
  IsAbs: fn('string: bool', (path: string) => path.startsWith('/')),
};

const lowerFirst = (name: string): string => name.charAt(0).toLowerCase() + name.slice(1);

/** Sprig's path functions; on Linux those for files are the same. */
export const paths: FunctionTable = Object.fromEntries(
  Object.entries(named).flatMap(([name, found]) => [
    [lowerFirst(name), found],
    [`os${name}`, found],
  ]),
);

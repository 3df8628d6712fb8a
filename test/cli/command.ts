import { spawn } from 'node:child_process';
import { resolve } from 'node:path';

/** The repository. */
export const root = resolve(__dirname, '../..');

/** How a command ended. */
export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** What Node.js has made of the sources, so that only the first process of many has to make it. */
const compileCache = { NODE_COMPILE_CACHE: resolve(root, 'node_modules/.cache/eventroute') };

/** Runs `eventroute` from source as a process of its own. */
export function eventroute(
  args: readonly string[],
  options: { readonly input?: string; readonly nodeFlags?: readonly string[] } = {},
): Promise<Ended> {
  const main = resolve(root, 'operator/main.ts');
  const env = { ...process.env, ...compileCache };
  const child = spawn(process.execPath, [...(options.nodeFlags ?? []), main, ...args], { cwd: root, env });
  const texts = { out: '', err: '' };
  child.stdout.on('data', (chunk: Buffer) => (texts.out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (texts.err += chunk.toString()));
  child.stdin.on('error', () => undefined);
  child.stdin.end(options.input ?? '');
  return new Promise((done, fail) => {
    child.on('error', fail);
    child.on('close', (code) => done({ code, ...texts }));
  });
}

import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** The path that stands for standard input. */
const standardInput = '-';

/** A path that cannot be read; the message names it and says why. */
export class UnreadableError extends Error {
  override readonly name = 'UnreadableError';
}

/** How folders are gone through. */
export interface ListOptions {
  /** Also the folders in a folder. @default false, as `kubectl apply -f` */
  readonly recursive?: boolean;
}

/**
 * Lists the files that paths mean: a file is itself, a folder its `*.yaml`, `*.yml` and `*.json`, but not its unit tests
 * (`*.test.yaml`), which are no manifests.
 */
export async function listManifestFiles(
  paths: readonly string[],
  options: ListOptions = {},
): Promise<string[]> {
  const lists = await Promise.all(paths.map((path) => listPath(path, options)));
  return [...new Set(lists.flat())];
}

async function listPath(path: string, { recursive = false }: ListOptions): Promise<string[]> {
  if (path === standardInput) return [path];
  const info = await stat(path).catch((cause: unknown) => {
    throw unreadable(path, cause);
  });
  if (!info.isDirectory()) return [path];
  const entries = await readdir(path, { recursive }).catch((cause: unknown) => {
    throw unreadable(path, cause);
  });
  const names = entries.filter((name) => isManifestName(name)).sort();
  if (names.length > 0) return names.map((name) => join(path, name));
  const remedy = recursive ? '' : '; folders in it are read with --recursive';
  throw new UnreadableError(`${path} holds no *.yaml, *.yml or *.json file${remedy}`);
}

function isManifestName(name: string): boolean {
  if (/(^|\/)(node_modules|\.[^/]+)\//.test(name)) return false;
  return /\.(ya?ml|json)$/.test(name) && !/\.test\.ya?ml$/.test(name);
}

/** Reads a file as text; `-` is standard input. */
export async function readText(
  path: string,
  stdin: AsyncIterable<Buffer | string> = process.stdin,
): Promise<string> {
  if (path === standardInput) return readStream(stdin);
  return readFile(path, 'utf8').catch((cause: unknown) => {
    throw unreadable(path, cause);
  });
}

async function readStream(stream: AsyncIterable<Buffer | string>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString('utf8');
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or folder',
  EACCES: 'permission denied',
  EISDIR: 'it is a folder',
};

function unreadable(path: string, cause: unknown): UnreadableError {
  const code = (cause as NodeJS.ErrnoException).code ?? '';
  return new UnreadableError(`${path} cannot be read: ${reasons[code] ?? code}`, { cause });
}

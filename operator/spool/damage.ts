import { readdirSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { crc32 } from 'node:zlib';

/** What the file holds is not what was written: SQLite itself looks at the order of its pages, not at what is in them. */
class DamagedSpool extends Error {}

// SQLITE_CORRUPT, SQLITE_NOTADB, SQLITE_MISMATCH: https://www.sqlite.org/rescode.html
const damaged: ReadonlySet<number> = new Set([11, 26, 20]);

/** Tells whether an error means that the file is damaged. */
export function isDamaged(error: unknown): boolean {
  if (error instanceof DamagedSpool) return true;
  const { errcode } = error as { readonly errcode?: unknown };
  return typeof errcode === 'number' && damaged.has(errcode & 0xff);
}

/** The CRC-32 of values as text. */
export function checksumOf(...values: readonly unknown[]): number {
  return crc32(values.join(' '));
}

/** Throws DamagedSpool unless what was read is what was written. */
export function verify(isRight: boolean): asserts isRight {
  if (!isRight) throw new DamagedSpool('something in the file does not have its checksum');
}

/** Moves a damaged file aside for whoever wants to look at it; one of them is kept. */
export function moveAside(path: string): string {
  const folder = dirname(path);
  const prefix = `${basename(path)}.damaged`;
  for (const name of readdirSync(folder)) if (name.startsWith(prefix)) rmSync(join(folder, name));
  for (const suffix of ['-wal', '-shm']) rmSync(`${path}${suffix}`, { force: true });
  renameSync(path, join(folder, prefix));
  return join(folder, prefix);
}

import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';

/** https://www.sqlite.org/rescode.html#busy */
const sqliteBusy = 5;

/** How a lock is waited for. */
export interface LockOptions {
  readonly pollMs?: number;
  /** Called once, when the lock turns out to be taken. */
  readonly onWait?: () => void;
}

/**
 * Runs some work while no other process holds the lock of that file. The lock is SQLite's: the one lock in Node that
 * the system takes back when its holder is killed.
 */
export async function withLock<T>(
  file: string,
  work: () => Promise<T>,
  options: LockOptions = {},
): Promise<T> {
  await mkdir(dirname(file), { recursive: true });
  const database = new DatabaseSync(file, { timeout: 0 });
  try {
    let waiting = false;
    while (!tryLock(database)) {
      if (!waiting) options.onWait?.();
      waiting = true;
      await sleep(options.pollMs ?? 1_000);
    }
    return await work();
  } finally {
    database.close();
  }
}

function tryLock(database: DatabaseSync): boolean {
  try {
    database.exec('BEGIN EXCLUSIVE');
    return true;
  } catch (thrown) {
    if ((thrown as { errcode?: number }).errcode === sqliteBusy) return false;
    throw thrown;
  }
}

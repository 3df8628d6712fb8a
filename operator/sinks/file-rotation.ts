import { createReadStream, createWriteStream } from 'node:fs';
import { access, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';

/** When a file is put aside, and which of its backups stay. */
export interface RotationLimits {
  /** Size that a file does not outgrow, unless one line alone is larger. */
  readonly maxBytes: number;
  /** Backups older than this are deleted; 0 keeps all. */
  readonly maxAgeMs: number;
  /** How many backups stay; 0 keeps all. */
  readonly maxBackups: number;
  readonly compress: boolean;
}

/** Puts a full file aside as a backup and looks after the backups. */
export interface Rotation {
  readonly maxBytes: number;
  /** Renames the file, which nothing may write to any more. */
  rotate(): Promise<void>;
  /** Deletes and compresses backups in the background; failures are told by `warn`. */
  tidy(): void;
  /** Stops tidying; what was not finished is taken up by the next start. */
  close(): Promise<void>;
}

/** What a rotation needs of its surroundings. */
export interface RotationOptions {
  readonly warn: (message: string) => void;
  readonly now: () => number;
}

interface Backup {
  /** File name without `.gz`. */
  readonly name: string;
  readonly timeMs: number;
}

const compressedSuffix = '.gz';
/** A backup is compressed under this name first, so that `.gz` is always a whole file. */
const unfinishedSuffix = '.gz.part';

/** Creates the rotation of one file, with backup names as lumberjack writes them (UTC). */
export function createRotation(path: string, limits: RotationLimits, options: RotationOptions): Rotation {
  return new FileRotation(path, limits, options);
}

class FileRotation implements Rotation {
  readonly maxBytes: number;
  readonly #path: string;
  readonly #limits: RotationLimits;
  readonly #options: RotationOptions;
  readonly #stop = new AbortController();
  #tidying: Promise<void> | undefined;
  #tidyAgain = false;

  constructor(path: string, limits: RotationLimits, options: RotationOptions) {
    this.maxBytes = limits.maxBytes;
    this.#path = path;
    this.#limits = limits;
    this.#options = options;
  }

  async rotate(): Promise<void> {
    let timeMs = this.#options.now();
    while (await this.#isTaken(timeMs)) timeMs += 1;
    await rename(this.#path, this.#backupPath(timeMs));
    this.tidy();
  }

  tidy(): void {
    if (this.#tidying !== undefined) {
      this.#tidyAgain = true;
      return;
    }
    this.#tidying = this.#tidyAll().finally(() => {
      this.#tidying = undefined;
      if (!this.#tidyAgain || this.#stop.signal.aborted) return;
      this.#tidyAgain = false;
      this.tidy();
    });
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#tidying;
  }

  async #tidyAll(): Promise<void> {
    try {
      const backups = await this.#listBackups();
      const kept = backups.filter((backup, index) => this.#isKept(backup, index));
      for (const backup of backups) {
        if (!kept.includes(backup)) await this.#remove(backup);
      }
      if (!this.#limits.compress) return;
      for (const { name } of kept) await this.#compress(join(dirname(this.#path), name));
    } catch (thrown) {
      if (this.#stop.signal.aborted) return;
      this.#options.warn(`could not tidy up the backups of ${this.#path}: ${(thrown as Error).message}`);
    }
  }

  #isKept({ timeMs }: Backup, index: number): boolean {
    const { maxAgeMs, maxBackups } = this.#limits;
    if (maxBackups > 0 && index >= maxBackups) return false;
    return maxAgeMs === 0 || timeMs >= this.#options.now() - maxAgeMs;
  }

  /** The newest backup comes first; one that exists with and without `.gz` counts once. */
  async #listBackups(): Promise<Backup[]> {
    const { prefix, extension } = nameParts(this.#path);
    const backups = new Map<string, Backup>();
    for (const file of await readdir(dirname(this.#path))) {
      const name = withoutSuffix(withoutSuffix(file, unfinishedSuffix), compressedSuffix);
      if (!name.startsWith(prefix) || !name.endsWith(extension)) continue;
      const timeMs = parseStamp(name.slice(prefix.length, name.length - extension.length));
      if (timeMs !== undefined) backups.set(name, { name, timeMs });
    }
    return [...backups.values()].sort((one, other) => other.timeMs - one.timeMs);
  }

  async #remove({ name }: Backup): Promise<void> {
    const path = join(dirname(this.#path), name);
    for (const suffix of ['', compressedSuffix, unfinishedSuffix]) await rm(path + suffix, { force: true });
  }

  async #compress(path: string): Promise<void> {
    if (!(await exists(path))) return;
    const { mode } = await stat(path);
    const unfinished = path + unfinishedSuffix;
    try {
      await pipeline(createReadStream(path), createGzip(), createWriteStream(unfinished, { mode }), {
        signal: this.#stop.signal,
      });
    } catch (thrown) {
      await rm(unfinished, { force: true });
      throw thrown;
    }
    await rename(unfinished, path + compressedSuffix);
    await rm(path);
  }

  async #isTaken(timeMs: number): Promise<boolean> {
    const path = this.#backupPath(timeMs);
    return (await exists(path)) || (await exists(path + compressedSuffix));
  }

  #backupPath(timeMs: number): string {
    const { prefix, extension } = nameParts(this.#path);
    return join(dirname(this.#path), prefix + writeStamp(timeMs) + extension);
  }
}

function nameParts(path: string): { prefix: string; extension: string } {
  const extension = extname(path);
  return { prefix: `${basename(path, extension)}-`, extension };
}

function withoutSuffix(name: string, suffix: string): string {
  return name.endsWith(suffix) ? name.slice(0, -suffix.length) : name;
}

/** `2006-01-02T15-04-05.000` in UTC. */
function writeStamp(timeMs: number): string {
  return new Date(timeMs).toISOString().slice(0, -1).replaceAll(':', '-');
}

function parseStamp(stamp: string): number | undefined {
  if (!/^\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.\d{3}$/.test(stamp)) return undefined;
  const timeMs = Date.parse(`${stamp.slice(0, 11)}${stamp.slice(11).replaceAll('-', ':')}Z`);
  return Number.isNaN(timeMs) ? undefined : timeMs;
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

import { constants, type Stats } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';

import { errorCode } from './file-error.ts';

const { O_WRONLY, O_APPEND, O_CREAT, O_NONBLOCK } = constants;
const lineFeed = Buffer.from('\n');
const firstWaitMs = 2;
const longestWaitMs = 100;

/** How far a write came: whole lines, and the system's error that ended it. */
export interface LinesWritten {
  readonly written: number;
  readonly error?: unknown;
}

/** A file, pipe or device that is open for lines. A line is never broken by what is written after it. */
export interface LineFile {
  /** A file on a disk, which has a size and can be rotated. */
  readonly isRegular: boolean;
  /** What was written last is the beginning of a line only. */
  readonly isWithinLine: boolean;
  /** Whether the path still leads to what is open here. */
  isAt(path: string): Promise<boolean>;
  sizeBytes(): Promise<number>;
  /** Writes lines; a slow reader is waited for until the signal aborts. */
  write(lines: readonly Buffer[], signal: AbortSignal): Promise<LinesWritten>;
  close(): Promise<void>;
}

/** How to open a path for lines. */
export interface LineFileOptions {
  /** Permissions of a file that has to be made. */
  readonly mode: number;
  /** A pipe got the beginning of a line when it was open before, so that line has to end first. */
  readonly endLineFirst?: boolean;
}

/**
 * Opens a path for appending lines. O_NONBLOCK: without a reader a FIFO refuses
 * with ENXIO, where a plain open would hold one of the four threads that serve all of Node's file work.
 */
export async function openLineFile(path: string, options: LineFileOptions): Promise<LineFile> {
  const handle = await openAppending(path, options.mode);
  try {
    const stats = await handle.stat();
    const isBroken = stats.isFile() ? await endsWithinLine(path, stats.size) : options.endLineFirst === true;
    return new DescriptorLines(handle, stats, isBroken ? lineFeed : undefined);
  } catch (thrown) {
    await handle.close();
    throw thrown;
  }
}

/** Opens what exists without O_CREAT, which fs.protected_fifos refuses for a FIFO of another user in /tmp. */
async function openAppending(path: string, mode: number): Promise<FileHandle> {
  const flags = O_WRONLY | O_APPEND | O_NONBLOCK;
  try {
    return await open(path, flags);
  } catch (thrown) {
    if (errorCode(thrown) !== 'ENOENT') throw thrown;
    return open(path, flags | O_CREAT, mode);
  }
}

/** Finds the half line that a crash left behind. A file that may be written but not read is taken as whole. */
async function endsWithinLine(path: string, sizeBytes: number): Promise<boolean> {
  if (sizeBytes === 0) return false;
  let reader: FileHandle;
  try {
    reader = await open(path, 'r');
  } catch {
    return false;
  }
  try {
    const { bytesRead, buffer } = await reader.read(Buffer.alloc(1), 0, 1, sizeBytes - 1);
    return bytesRead === 1 && !buffer.equals(lineFeed);
  } finally {
    await reader.close();
  }
}

class DescriptorLines implements LineFile {
  readonly isRegular: boolean;
  readonly #handle: FileHandle;
  readonly #identity: Stats;
  /** The end of a line whose beginning is written already; it goes out before anything else. */
  #rest: Buffer | undefined;

  constructor(handle: FileHandle, identity: Stats, rest: Buffer | undefined) {
    this.#handle = handle;
    this.#identity = identity;
    this.#rest = rest;
    this.isRegular = identity.isFile();
  }

  get isWithinLine(): boolean {
    return this.#rest !== undefined;
  }

  async isAt(path: string): Promise<boolean> {
    try {
      const { dev, ino } = await stat(path);
      return dev === this.#identity.dev && ino === this.#identity.ino;
    } catch (thrown) {
      if (errorCode(thrown) === 'ENOENT') return false;
      throw thrown;
    }
  }

  async sizeBytes(): Promise<number> {
    return (await this.#handle.stat()).size;
  }

  async write(lines: readonly Buffer[], signal: AbortSignal): Promise<LinesWritten> {
    const rest = this.#rest ?? Buffer.alloc(0);
    const { bytes, error } = await this.#writeBytes(Buffer.concat([rest, ...lines]), signal);
    if (bytes < rest.length) {
      this.#rest = rest.subarray(bytes);
      return { written: 0, error };
    }
    this.#rest = undefined;
    let free = bytes - rest.length;
    for (const [index, line] of lines.entries()) {
      if (line.length > free) {
        if (free > 0) this.#rest = line.subarray(free);
        return { written: index, error };
      }
      free -= line.length;
    }
    return { written: lines.length };
  }

  close(): Promise<void> {
    return this.#handle.close();
  }

  async #writeBytes(bytes: Buffer, signal: AbortSignal): Promise<{ bytes: number; error?: unknown }> {
    let done = 0;
    let waitMs = firstWaitMs;
    while (done < bytes.length) {
      try {
        signal.throwIfAborted();
        const { bytesWritten } = await this.#handle.write(bytes, done, bytes.length - done);
        done += bytesWritten;
        waitMs = firstWaitMs;
      } catch (thrown) {
        if (errorCode(thrown) !== 'EAGAIN') return { bytes: done, error: thrown };
        const aborted = await wait(waitMs, undefined, { signal }).catch((reason: unknown) => reason);
        if (aborted !== undefined) return { bytes: done, error: signal.reason };
        waitMs = Math.min(longestWaitMs, waitMs * 2);
      }
    }
    return { bytes: done };
  }
}

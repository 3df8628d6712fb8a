import { constants } from 'node:fs';
import { access, mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

import { DeliveryError, toDeliveryError } from '../sink-kit/index.ts';
import { errorCode, toFileError } from './file-error.ts';
import { type Rotation } from './file-rotation.ts';
import { type LineFile, openLineFile } from './line-file.ts';
import { type Appended, type LineOutput } from './line-sink.ts';
import { createStreamOutput } from './stream-output.ts';

const tidyEveryMs = 3_600_000;
const rotateAgainAfterMs = 60_000;

/** How a path is opened, and what happens when the file there is full. */
export interface PathOutputOptions {
  /** Permissions of a file that has to be made. */
  readonly mode: number;
  /** Folders of the path that do not exist are made. */
  readonly makeFolders?: boolean;
  /** Rotates the file; a FIFO or a device at the path is left in place. */
  readonly rotation?: Rotation;
  readonly warn: (message: string) => void;
  readonly now?: () => number;
}

/** The process's own streams; opening their paths anew fails for another user's pipe and for sockets. */
const standardStreams: Readonly<Record<string, 'stdout' | 'stderr' | undefined>> = {
  '/dev/stdout': 'stdout',
  '/proc/self/fd/1': 'stdout',
  '/dev/stderr': 'stderr',
  '/proc/self/fd/2': 'stderr',
};

/** Creates the output for lines at a path: a file, a FIFO, a device, or a standard stream of the process. */
export function createPathOutput(path: string, options: PathOutputOptions): LineOutput {
  const stream = standardStreams[path];
  return stream === undefined ? new PathOutput(path, options) : createStreamOutput(process[stream], path);
}

class PathOutput implements LineOutput {
  readonly endpoint: string;
  readonly #options: PathOutputOptions;
  readonly #now: () => number;
  #file: LineFile | undefined;
  #endLineFirst = false;
  #tidiedAtMs = Number.NEGATIVE_INFINITY;
  #rotateNotBeforeMs = 0;

  constructor(path: string, options: PathOutputOptions) {
    this.endpoint = path;
    this.#options = options;
    this.#now = options.now ?? Date.now;
  }

  async append(texts: readonly string[], signal: AbortSignal): Promise<Appended> {
    const lines = toLines(texts);
    let written = 0;
    try {
      while (written < lines.length) {
        const file = await this.#openFile();
        const count = await this.#countFitting(file, lines.slice(written));
        if (count === 0) {
          await this.#rotate(file, signal);
          continue;
        }
        const result = await file.write(lines.slice(written, written + count), signal);
        written += result.written;
        if ('error' in result) throw result.error;
      }
      return { written };
    } catch (thrown) {
      if (!signal.aborted && !['ENOSPC', 'EDQUOT'].includes(errorCode(thrown))) await this.#dropFile();
      const tell = signal.aborted ? toDeliveryError : toFileError;
      return { written, failure: tell(thrown, this.endpoint) };
    }
  }

  /** Opening a FIFO would wake its reader and closing it again would end it, so the permissions are asked for. */
  async check(): Promise<void> {
    const path = this.endpoint;
    try {
      const stats = await stat(path).catch((thrown: unknown) => {
        if (errorCode(thrown) === 'ENOENT') return undefined;
        throw thrown;
      });
      if (stats?.isDirectory()) throw Object.assign(new Error('is a folder'), { code: 'EISDIR' });
      if (stats?.isSocket()) throw socketRefused(path);
      await access(stats === undefined ? await this.#existingFolder() : path, constants.W_OK);
    } catch (thrown) {
      throw toFileError(thrown, path);
    }
  }

  async close(): Promise<void> {
    await this.#dropFile();
    await this.#options.rotation?.close();
  }

  /** Whoever moved, deleted or replaced the file (logrotate, an admin) gets a new one at the path. */
  async #openFile(): Promise<LineFile> {
    if (this.#file !== undefined && !(await this.#file.isAt(this.endpoint))) await this.#dropFile();
    if (this.#file === undefined) {
      if (this.#options.makeFolders === true) await mkdir(dirname(this.endpoint), { recursive: true });
      const { mode } = this.#options;
      this.#file = await this.#open(mode);
      this.#endLineFirst = false;
    }
    this.#tidyNowAndThen(this.#file);
    return this.#file;
  }

  async #open(mode: number): Promise<LineFile> {
    try {
      return await openLineFile(this.endpoint, { mode, endLineFirst: this.#endLineFirst });
    } catch (thrown) {
      const isSocket = errorCode(thrown) === 'ENXIO' && (await stat(this.endpoint)).isSocket();
      throw isSocket ? socketRefused(this.endpoint) : thrown;
    }
  }

  #tidyNowAndThen({ isRegular }: LineFile): void {
    if (!isRegular || this.#now() - this.#tidiedAtMs < tidyEveryMs) return;
    this.#tidiedAtMs = this.#now();
    this.#options.rotation?.tidy();
  }

  /** Counts the lines that go into the file before it has to be rotated; a line alone in its file may be too large. */
  async #countFitting(file: LineFile, lines: readonly Buffer[]): Promise<number> {
    const { rotation } = this.#options;
    if (rotation === undefined || !file.isRegular || this.#now() < this.#rotateNotBeforeMs)
      return lines.length;
    let sizeBytes = await file.sizeBytes();
    let count = 0;
    for (const line of lines) {
      if (sizeBytes > 0 && sizeBytes + line.length > rotation.maxBytes) break;
      sizeBytes += line.length;
      count += 1;
    }
    return count;
  }

  /** A file that cannot be put aside (a folder without write permission) is written on: better large than lost. */
  async #rotate(file: LineFile, signal: AbortSignal): Promise<void> {
    const ended = await file.write([], signal);
    if ('error' in ended) throw ended.error;
    try {
      await this.#options.rotation?.rotate();
    } catch (thrown) {
      this.#rotateNotBeforeMs = this.#now() + rotateAgainAfterMs;
      this.#options.warn(
        `could not rotate ${this.endpoint}, went on writing to it: ${(thrown as Error).message}`,
      );
    }
  }

  async #dropFile(): Promise<void> {
    const file = this.#file;
    if (file === undefined) return;
    this.#file = undefined;
    this.#endLineFirst = file.isWithinLine;
    await file.close();
  }

  async #existingFolder(): Promise<string> {
    let folder = dirname(this.endpoint);
    if (this.#options.makeFolders !== true) return folder;
    while (folder !== dirname(folder) && (await isMissing(folder))) folder = dirname(folder);
    return folder;
  }
}

/** Encodes lines, which lie one behind the other. */
function toLines(texts: readonly string[]): Buffer[] {
  const block = Buffer.from(texts.join('\n') + '\n');
  let start = 0;
  return texts.map((text) => block.subarray(start, (start += Buffer.byteLength(text) + 1)));
}

function socketRefused(path: string): DeliveryError {
  return DeliveryError.retry(
    `could not write [path=${path}]: it is a socket; name a file or a FIFO, or use the syslog sink`,
    'TargetNotFound',
  );
}

async function isMissing(path: string): Promise<boolean> {
  return stat(path).then(
    () => false,
    (thrown: unknown) => errorCode(thrown) === 'ENOENT',
  );
}

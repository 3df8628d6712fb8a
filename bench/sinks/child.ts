import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';

/** A process that does what it is told and answers, one thing at a time. */
export interface Child {
  /** How much it has written to its standard output. */
  readonly bytesPrinted: number;
  /** Waits for what it says next. */
  answer<Answer>(): Promise<Answer>;
  /** Tells it to go on, and waits for what it says. */
  ask<Answer>(): Promise<Answer>;
  close(): Promise<void>;
}

/** Starts a program of this folder. */
export function startChild(file: string, args: readonly string[] = []): Child {
  return new ForkedChild(file, args);
}

class ForkedChild implements Child {
  readonly #child: ChildProcess;
  readonly #ended: Promise<never>;
  bytesPrinted = 0;

  constructor(file: string, args: readonly string[]) {
    this.#child = fork(join(import.meta.dirname, file), args, {
      // kafkajs is known for it
      execArgv: ['--expose-gc', '--disable-warning=TimeoutNegativeWarning'],
      stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    });
    this.#child.stdout?.on('data', (chunk: Buffer) => (this.bytesPrinted += chunk.length));
    this.#ended = once(this.#child, 'exit').then(([code]) => {
      throw new Error(`${[file, ...args].join(' ')} ended with ${String(code)}`);
    });
    this.#ended.catch(() => undefined);
  }

  async answer<Answer>(): Promise<Answer> {
    const answered = once(this.#child, 'message') as Promise<[Answer]>;
    const [answer] = await Promise.race([answered, this.#ended]);
    return answer;
  }

  ask<Answer>(): Promise<Answer> {
    this.#child.send('go');
    return this.answer();
  }

  async close(): Promise<void> {
    const { stdout } = this.#child;
    if (!this.#child.connected) return;
    const printed = stdout === null ? undefined : finished(stdout);
    this.#child.disconnect();
    await printed;
  }
}

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { type Reaper } from './reaper.ts';

/** A program of the cluster that runs until it is stopped. */
export interface Server {
  readonly pid: number;
  /** Tells whether it still runs. */
  isRunning(): boolean;
  /** Reads the last lines of what it printed, for error messages. */
  tail(): Promise<string>;
  /** Asks it to end, and kills it after `graceMs` (0 kills at once). */
  stop(graceMs: number): Promise<void>;
}

/** What a server is started with. */
export interface ServerOptions {
  readonly binary: string;
  readonly args: readonly string[];
  /** The folder for its log file. */
  readonly folder: string;
  readonly reaper: Reaper;
  /** Its environment; this process's own when left out. */
  readonly env?: NodeJS.ProcessEnv;
}

/** Starts a server; its output goes to `<folder>/<name>.log`. */
export async function startServer({ binary, args, folder, reaper, env }: ServerOptions): Promise<Server> {
  const logFile = join(folder, `${basename(binary)}.log`);
  const output = await open(logFile, 'a');
  // a session of its own: Ctrl-C in the terminal must not end it before those that talk to it
  const child = spawn(binary, args, { stdio: ['ignore', output.fd, output.fd], detached: true, env });
  try {
    await once(child, 'spawn');
  } finally {
    await output.close();
  }
  const { pid } = child;
  if (pid === undefined) throw new Error(`${binary} has no process id`);
  reaper.add(pid);
  child.unref();
  const ended = once(child, 'exit').then(() => reaper.forget(pid));
  const isRunning = (): boolean => child.exitCode === null && child.signalCode === null;
  return {
    pid,
    isRunning,
    async tail() {
      return (await readFile(logFile, 'utf8')).trimEnd().split('\n').slice(-15).join('\n');
    },
    async stop(graceMs) {
      if (!isRunning()) return;
      child.ref();
      child.kill(graceMs === 0 ? 'SIGKILL' : 'SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), graceMs);
      await ended;
      clearTimeout(timer);
    },
  };
}

/** Says when a server is ready: `probe` is asked again and again until it is true. */
export interface ReadyOptions {
  readonly name: string;
  readonly probe: () => Promise<boolean>;
  readonly timeoutMs: number;
}

/** Waits until a server answers; throws with its last words when it ends or takes too long. */
export async function waitUntilReady(
  server: Server,
  { name, probe, timeoutMs }: ReadyOptions,
): Promise<void> {
  const deadlineMs = Date.now() + timeoutMs;
  while (!(await probe())) {
    if (!server.isRunning()) throw new Error(`${name} ended before it was ready:\n${await server.tail()}`);
    if (Date.now() > deadlineMs) {
      throw new Error(`${name} was not ready after ${timeoutMs / 1_000} s:\n${await server.tail()}`);
    }
    await sleep(50);
  }
}

/** Finds ports of 127.0.0.1 that nobody listens on at this moment; somebody else may be faster to take them. */
export async function findFreePorts(count: number): Promise<number[]> {
  const listeners = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(listeners.map((listener) => once(listener, 'listening')));
  const ports = listeners.map((listener) => (listener.address() as { port: number }).port);
  await Promise.all(
    listeners.map((listener) => {
      listener.close();
      return once(listener, 'close');
    }),
  );
  return ports;
}

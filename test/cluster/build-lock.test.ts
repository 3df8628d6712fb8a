import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as tick } from 'node:timers/promises';

import { withLock } from './build-lock.ts';

describe('build lock', () => {
  let folder: string;
  let file: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'eventroute-lock-'));
    file = join(folder, 'missing', 'build.lock');
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('lets one holder work at a time and tells the one that waits', async () => {
    const order: string[] = [];
    let release = (): void => undefined;
    const first = withLock(file, async () => {
      order.push('first starts');
      await new Promise<void>((resolve) => (release = resolve));
      order.push('first ends');
    });
    while (order.length === 0) await tick();
    let second: Promise<unknown> = Promise.resolve();
    await new Promise<void>((onWait) => {
      second = withLock(file, () => Promise.resolve(order.push('second')), { pollMs: 5, onWait });
    });

    release();
    await Promise.all([first, second]);

    expect(order).toEqual(['first starts', 'first ends', 'second']);
  });

  it('is free again after work that failed', async () => {
    await expect(withLock(file, () => Promise.reject(new Error('no compiler')))).rejects.toThrow(
      'no compiler',
    );

    await expect(withLock(file, () => Promise.resolve('built'))).resolves.toBe('built');
  });

  it('is free again when its holder is killed with -9', async () => {
    // the timer keeps the promise: one that nothing refers to is collected, and the lock with it
    const program = `
      const { withLock } = require(${JSON.stringify(join(__dirname, 'build-lock.ts'))});
      withLock(${JSON.stringify(file)}, () => { console.log('held'); return new Promise((done) => setInterval(() => done, 1000)); });
    `;
    const holder = spawn(process.execPath, ['--no-warnings', '-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(holder.stdout, 'data');
    let waited = false;
    const work = withLock(file, () => Promise.resolve('built'), {
      pollMs: 5,
      onWait: () => {
        waited = true;
        holder.kill('SIGKILL');
      },
    });

    await expect(work.finally(() => holder.kill('SIGKILL'))).resolves.toBe('built');
    expect(waited).toBe(true);
  });
});

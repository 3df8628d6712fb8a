import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { startReaper } from './reaper.ts';

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

async function eventually(isTrue: () => boolean): Promise<boolean> {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    if (isTrue()) return true;
    await sleep(25);
  }
  return false;
}

describe('reaper', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'eventroute-reaper-'));
    await writeFile(join(folder, 'data'), 'x');
  });

  it('kills what it was told of and removes the folder when it finishes', async () => {
    const reaper = startReaper(folder);
    const child = spawn('sleep', ['60'], { stdio: 'ignore' });
    const ended = once(child, 'exit');
    reaper.add(child.pid!);

    await reaper.finish();

    expect(await ended).toEqual([null, 'SIGKILL']);
    expect(existsSync(folder)).toBe(false);
  });

  it('spares a process that it was told to forget', async () => {
    const reaper = startReaper(folder);
    const child = spawn('sleep', ['60'], { stdio: 'ignore' });
    reaper.add(child.pid!);
    reaper.forget(child.pid!);

    await reaper.finish();

    expect(isAlive(child.pid!)).toBe(true);
    child.kill('SIGKILL');
  });

  it('does the same when the process that started it is killed with -9', async () => {
    const program = `
      const { startReaper } = require(${JSON.stringify(join(__dirname, 'reaper.ts'))});
      const child = require('node:child_process').spawn('sleep', ['60'], { stdio: 'ignore', detached: true });
      startReaper(${JSON.stringify(folder)}).add(child.pid);
      console.log(child.pid);
      setInterval(() => {}, 1000);
    `;
    const parent = spawn(process.execPath, ['--no-warnings', '-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = (await once(parent.stdout, 'data')) as [Buffer];
    const grandchild = Number(line.toString());

    parent.kill('SIGKILL');

    expect(await eventually(() => !isAlive(grandchild))).toBe(true);
    expect(await eventually(() => !existsSync(folder))).toBe(true);
  });
});

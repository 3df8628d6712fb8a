import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { eventroute } from './command.ts';

// each test starts processes, on a machine that may be busy
jest.setTimeout(60_000);

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'eventroute-test-'));
  const quickstart = await readFile('examples/quickstart/tests/quickstart.test.yaml', 'utf8');
  await writeFile(
    join(folder, 'bad.test.yaml'),
    quickstart
      .replaceAll('../', `${process.cwd()}/examples/quickstart/`)
      .replace('why: ScalingReplicaSet', 'why: Other'),
  );
});
afterAll(() => rm(folder, { recursive: true }));

describe('eventroute test', () => {
  test('ends with 1 and a diff when a test fails, and writes JUnit’s XML', async () => {
    const junit = join(folder, 'junit.xml');
    const ended = await eventroute(['test', folder, 'examples/slack-oncall', '--junit', junit]);
    expect(ended).toMatchObject({ code: 1, err: '' });
    expect(ended.out).toMatch(/✗ a rollout is shown on the terminal \S+bad\.test\.yaml:18/);
    expect(ended.out).toContain('payload.why\n          - "Other"\n          + "ScalingReplicaSet"');
    expect(ended.out).toMatch(/13 tests in 2 files: 1 failed, 12 passed\n$/);
    expect(await readFile(junit, 'utf8')).toMatch(/tests="6" failures="1" errors="0"/);
  });

  test.each([
    [
      'a file that is not there',
      ['test', 'none.test.yaml'],
      1,
      'out',
      /✗ none\.test\.yaml cannot be read: there is no such file/,
    ],
    ['a folder without tests', ['test', 'crds'], 2, 'err', /crds holds no \*\.test\.yaml/],
    ['no path', ['test'], 2, 'err', /missing required argument 'path'/],
  ] as const)('is refused for %s', async (_, args, code, stream, text) => {
    const ended = await eventroute(args);
    expect(ended.code).toBe(code);
    expect(ended[stream]).toMatch(text);
  });
});

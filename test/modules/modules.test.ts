import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

import { type SinkName, sinkNames } from '../../operator/sinks/registry.ts';

const root = resolve(__dirname, '../..');
// each test starts processes of its own
jest.setTimeout(60_000);

const counting = ['--import', join(__dirname, 'module-count.ts')];

/** What a kind of sink talks to its system with. The others need only what sink-kit/ has, or Node.js itself. */
const packagesOf: Partial<Record<SinkName, readonly string[]>> = {
  bigquery: ['google-auth-library'],
  elasticsearch: ['@elastic/elasticsearch'],
  eventbridge: ['@aws-sdk/client-eventbridge', '@smithy/signature-v4'],
  firehose: ['@aws-sdk/client-firehose'],
  kafka: ['kafkajs'],
  kinesis: ['@aws-sdk/client-kinesis'],
  opensearch: ['@aws-sdk/credential-providers'],
  opscenter: ['@aws-sdk/client-ssm'],
  pubsub: ['@google-cloud/pubsub', '@grpc/grpc-js'],
  redis: ['@redis/client'],
  slack: ['@slack/web-api'],
  sns: ['@aws-sdk/client-sns'],
  sqs: ['@aws-sdk/client-sqs'],
};

type Counts = Readonly<Record<string, number>>;

/** Runs a program and reads the lines of JSON that it prints at its end, the last one last. */
async function linesOf(args: readonly string[]): Promise<unknown[]> {
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: root });
  const lines = stdout.split('\n').filter((line) => line.startsWith('{'));
  return lines.map((line): unknown => JSON.parse(line));
}

/** The packages that sinks import, now or later, but for what every room is made of. */
async function sdkPackages(): Promise<string[]> {
  const folder = join(root, 'operator/sinks');
  const files = (await readdir(folder)).filter((file) => file.endsWith('.ts'));
  const texts = await Promise.all(files.map((file) => readFile(join(folder, file), 'utf8')));
  const imports = texts.flatMap((text) => [
    ...text.matchAll(/(?:\bfrom |\bimport\()'((?:@[^/']+\/)?[^./'][^/']*)/g),
  ]);
  const names = new Set(imports.map(([, name = '']) => name).filter((name) => !name.startsWith('node:')));
  names.delete('@sinclair/typebox');
  return [...names].sort();
}

describe('the packages of receivers', () => {
  it.each([
    ['the operator', ['--eval', `import(${JSON.stringify(join(root, 'operator/operator.ts'))})`]],
    ['the commands', [join(root, 'operator/main.ts'), '--version']],
  ])('are not loaded with %s', async (_, args) => {
    const [counts] = (await linesOf([...counting, ...args])) as [Counts];
    const sdks = await sdkPackages();

    expect(sdks).toEqual(
      expect.arrayContaining(['@aws-sdk/client-sqs', '@elastic/elasticsearch', 'kafkajs']),
    );
    expect(Object.keys(counts)).toContain('@sinclair/typebox');
    expect(sdks.filter((name) => (counts[name] ?? 0) > 0)).toEqual([]);
  });

  it('are loaded with the first receiver of the kind that needs them, and with no other', async () => {
    const [loaded = {}] = (await linesOf([join(__dirname, 'open-receivers.ts')])) as Partial<
      Record<SinkName, readonly string[]>
    >[];
    const sdks = await sdkPackages();

    const found = sinkNames.map((name) => [name, loaded[name]?.filter((each) => sdks.includes(each)).sort()]);
    expect(Object.fromEntries(found)).toEqual(
      Object.fromEntries(sinkNames.map((name) => [name, packagesOf[name] ?? []])),
    );
  });
});

describe('the bundle', () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'eventroute-bundle-'));
    const { stderr } = await promisify(execFile)(process.execPath, ['tools/build.ts', folder], { cwd: root });
    expect(stderr).toBe('');
  });

  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('starts without any package beside it', async () => {
    const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string };
    const args = [...counting, join(folder, 'eventroute.js'), '--version'];
    const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: folder });

    expect(stdout.split('\n')).toEqual([version, '{}', '']);
  });

  it('opens a receiver of every kind', async () => {
    const [opened] = (await linesOf([join(__dirname, 'open-receivers.ts'), join(folder, 'sinks')])) as [
      object,
    ];

    expect(Object.keys(opened)).toEqual(sinkNames);
  });
});

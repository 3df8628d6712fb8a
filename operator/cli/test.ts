import { readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';

import { UnreadableError } from '../manifest/manifest-files.ts';
import { loadTestFile, TestFileError } from '../rehearsal/loaded-test-file.ts';
import { type FileResult, formatResults, isPassed, junitXml } from '../rehearsal/test-report.ts';
import { runTests } from '../rehearsal/test-run.ts';
import { exitCodes, UsageError } from './exit.ts';
import { createPaint } from './paint.ts';

interface TestFlags {
  readonly junit?: string;
}

/** Adds `eventroute test`: runs unit tests of routes. */
export function addTestCommand(program: Command): void {
  program
    .command('test')
    .description('run unit tests of routes: Events over simulated time, and who must get what')
    .argument('<path...>', 'files of tests, or folders whose *.test.yaml are run, with those below them')
    .option('--junit <file>', "also write the results as JUnit's XML, for CI")
    .addHelpText(
      'after',
      '\nNothing is sent. Exit codes: 0 all passed, 1 a test failed or could not be run, 2 wrong flags.',
    )
    .addHelpText(
      'after',
      '\nExample:\n  $ eventroute test examples --junit results.xml\n\ndocs/testing-routes.md tells how tests are written; docs/schemas/route-test.json helps editors.',
    )
    .action((paths: readonly string[], flags: TestFlags) => testRoutes(paths, flags));
}

async function testRoutes(paths: readonly string[], flags: TestFlags): Promise<void> {
  const files = await listTestFiles(paths);
  const results: FileResult[] = [];
  for (const file of files) results.push(await testFile(file));
  process.stdout.on('error', () => undefined);
  process.stdout.write(`${formatResults(results, createPaint(process.stdout))}\n`);
  if (flags.junit !== undefined) await writeJunit(flags.junit, results);
  if (!isPassed(results)) process.exitCode = exitCodes.failure;
}

async function testFile(file: string): Promise<FileResult> {
  const startedMs = performance.now();
  const end = (parts: Pick<FileResult, 'results' | 'problems'>): FileResult => ({
    file,
    ...parts,
    durationMs: performance.now() - startedMs,
  });
  try {
    return end({ results: await runTests(await loadTestFile(file)), problems: [] });
  } catch (thrown) {
    if (thrown instanceof TestFileError) return end({ results: [], problems: thrown.problems });
    if (thrown instanceof UnreadableError) return end({ results: [], problems: [thrown.message] });
    throw thrown;
  }
}

async function listTestFiles(paths: readonly string[]): Promise<string[]> {
  const lists = await Promise.all(
    paths.map(async (path) => {
      // a file that is not there is told with the results of the others
      const info = await stat(path).catch(() => undefined);
      if (info?.isDirectory() !== true) return [path];
      const names = (await readdir(path, { recursive: true })).filter(
        (name) => /\.test\.ya?ml$/.test(name) && !/(^|\/)node_modules\//.test(name),
      );
      if (names.length === 0) throw new UsageError(`${path} holds no *.test.yaml; name the file of tests`);
      return names.sort().map((name) => join(path, name));
    }),
  );
  return [...new Set(lists.flat())];
}

async function writeJunit(path: string, results: readonly FileResult[]): Promise<void> {
  await writeFile(path, junitXml(results)).catch((cause: unknown) => {
    const { code = '' } = cause as NodeJS.ErrnoException;
    throw new Error(`${path} cannot be written (${code}): make its folder, or name another file`, { cause });
  });
}

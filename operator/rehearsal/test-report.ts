import { printable } from '../routing/drawing.ts';
import { type TestResult } from './test-run.ts';

/** The results of a file, or why it has none. */
export interface FileResult {
  readonly file: string;
  readonly results: readonly TestResult[];
  /** What kept the tests from being run. */
  readonly problems: readonly string[];
  readonly durationMs: number;
}

/** Tells whether all tests of all files were run and passed. */
export function isPassed(files: readonly FileResult[]): boolean {
  return files.every(
    ({ results, problems }) =>
      problems.length === 0 && results.every(({ failures }) => failures.length === 0),
  );
}

type Paint = (text: string, meaning: 'good' | 'bad' | 'faint' | 'strong') => string;

/** Writes results for people. */
export function formatResults(files: readonly FileResult[], paint: Paint): string {
  const parts = files.map((file) => formatFile(file, paint));
  return [...parts, summarize(files, paint)].join('\n\n');
}

function formatFile({ file, results, problems }: FileResult, paint: Paint): string {
  const told = results.flatMap(({ name, place, failures }) => {
    if (failures.length === 0) return [`  ${paint('✓', 'good')} ${printable(name)}`];
    const where = paint(`${place.file}:${place.line}`, 'faint');
    const why = failures.flatMap(([head = '', ...rest]) => [
      `      ${paint(printable(head), 'bad')}`,
      ...rest.map((line) => `        ${printable(line)}`),
    ]);
    return [`  ${paint('✗', 'bad')} ${printable(name)} ${where}`, ...why];
  });
  const broken = problems.map((problem) => `  ${paint('✗', 'bad')} ${printable(problem)}`);
  return [paint(file, 'strong'), ...broken, ...told].join('\n');
}

function summarize(files: readonly FileResult[], paint: Paint): string {
  const results = files.flatMap((file) => file.results);
  const failed = results.filter(({ failures }) => failures.length > 0).length;
  const broken = files.filter(({ problems }) => problems.length > 0).length;
  const parts = [
    ...(failed > 0 ? [paint(`${failed} failed`, 'bad')] : []),
    ...(broken > 0 ? [paint(`${broken} file${broken === 1 ? '' : 's'} could not be run`, 'bad')] : []),
    paint(`${results.length - failed} passed`, failed + broken > 0 ? 'faint' : 'good'),
  ];
  return `${results.length} test${results.length === 1 ? '' : 's'} in ${files.length} file${files.length === 1 ? '' : 's'}: ${parts.join(', ')}`;
}

/** Writes results as JUnit's XML, as CI systems read it. */
export function junitXml(files: readonly FileResult[]): string {
  const suites = files.map(({ file, results, problems, durationMs }) => {
    const cases = results.map(({ name, failures, durationMs: tookMs }) => {
      const failed = failures.map(
        (failure) =>
          `<failure message="${escapeXml(failure[0] ?? '')}">${escapeXml(failure.join('\n'))}</failure>`,
      );
      return element('testcase', { name, classname: file, time: seconds(tookMs) }, failed);
    });
    const errors = problems.length === 0 ? [] : [brokenCase(file, problems)];
    const counts = {
      tests: results.length + errors.length,
      failures: results.filter(({ failures }) => failures.length > 0).length,
      errors: errors.length,
    };
    return element('testsuite', { name: file, ...counts, time: seconds(durationMs) }, [...errors, ...cases]);
  });
  return `<?xml version="1.0" encoding="UTF-8"?>\n${element('testsuites', { name: 'eventroute' }, suites)}\n`;
}

function brokenCase(file: string, problems: readonly string[]): string {
  const error = `<error message="${escapeXml(problems[0] ?? '')}">${escapeXml(problems.join('\n'))}</error>`;
  return element('testcase', { name: 'the file can be run', classname: file }, [error]);
}

function element(
  name: string,
  attributes: Readonly<Record<string, string | number>>,
  children: readonly string[],
): string {
  const written = Object.entries(attributes).map(([key, value]) => ` ${key}="${escapeXml(String(value))}"`);
  const head = `<${name}${written.join('')}`;
  return children.length === 0 ? `${head}/>` : `${head}>\n${children.join('\n')}\n</${name}>`;
}

function seconds(ms: number): string {
  return (ms / 1_000).toFixed(3);
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
};

function escapeXml(text: string): string {
  // XML 1.0 has no way to write control characters
  return text
    .toWellFormed()
    .replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '\ufffd')
    .replaceAll(/[&<>"]/g, (character) => entities[character] ?? character);
}

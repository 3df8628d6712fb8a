import { createReadStream } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';

import { describeFinding } from '../lint/finding.ts';
import { type Lint, lintManifests } from '../lint/lint.ts';
import { offline, surround, type Surroundings } from '../lint/surroundings.ts';
import { listManifestFiles, readText } from '../manifest/manifest-files.ts';
import {
  joinManifestSets,
  type ManifestSet,
  readManifestSet,
  sortManifests,
} from '../manifest/manifest-set.ts';
import { type Place, readSource, type SourceValue } from '../manifest/source-text.ts';
import { readDate } from '../event/rfc3339.ts';
import { joinPath } from '../schema/problem.ts';
import { createValidator } from '../schema/validate.ts';
import { writtenSchema } from '../schema/written.ts';
import { readRecordedEvents, type RehearsedEvent } from './rehearsed-event.ts';
import { type TestFile, testFileFields } from './test-file-fields.ts';

/** A file of unit tests with all that it names. */
export interface LoadedTestFile {
  readonly file: string;
  readonly written: TestFile;
  readonly rootNamespace: string;
  /** Of receivers that name none. */
  readonly namespace: string;
  readonly start: Date;
  readonly lint: Lint;
  readonly surroundings: Surroundings;
  /** Recorded Events by the path that the file names them by. */
  readonly recorded: ReadonlyMap<string, readonly RehearsedEvent[]>;
  /** Finds where a field of the file is written. */
  readonly locate: (path: string) => Place;
}

/** Why the tests of a file cannot be run: lines that name file, line and what to do. */
export class TestFileError extends Error {
  override readonly name = 'TestFileError';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.problems = problems;
  }
}

const validate = createValidator(writtenSchema(testFileFields));
const usualRootNamespace = 'eventroute-system';
const usualStart = '2026-01-01T00:00:00Z';

/** Reads a file of unit tests, and the manifests and recorded Events that it names; throws TestFileError. */
export async function loadTestFile(file: string): Promise<LoadedTestFile> {
  const source = readWhole(await readText(file), file);
  const written = source.value as TestFile;
  const { rootNamespace = usualRootNamespace } = written;
  const { namespace = rootNamespace } = written;
  const set = await readManifests(file, source, namespace);
  const lint = await lintManifests(set, {
    outside: offline,
    rootNamespace,
    localSinkNamespaces: written.allowLocalSinks ?? [],
  });
  const errors = lint.findings.filter(({ severity }) => severity === 'error');
  if (errors.length > 0) {
    throw new TestFileError(
      errors.map((finding) => `${placeText(finding.place)} ${describeFinding(finding)} [${finding.rule}]`),
    );
  }
  return {
    ...{ file, written, rootNamespace, namespace, lint },
    start: readStart(written, source),
    surroundings: surround(set, offline),
    recorded: await readRecordings(file, source),
    locate: source.locate,
  };
}

function readWhole(text: string, file: string): SourceValue {
  const { values, problems } = readSource(text, file);
  if (problems.length > 0) {
    throw new TestFileError(problems.map(({ place, message }) => `${placeText(place)} ${message}`));
  }
  const [source] = values;
  if (source === undefined || values.length > 1) {
    throw new TestFileError([
      `${file}: has ${values.length} documents; a file of tests has one, with \`tests\``,
    ]);
  }
  const found = validate(source.value, '');
  if (found.length === 0) return source;
  throw new TestFileError(
    found.map(({ path, message }) => `${placeText(source.locate(path))} ${`${path} ${message}`.trim()}`),
  );
}

function readStart({ start = usualStart }: TestFile, { locate }: SourceValue): Date {
  const date = readDate(start);
  if (date !== undefined) return date;
  throw new TestFileError([
    `${placeText(locate('start'))} start must be a time such as ${usualStart}, not ${JSON.stringify(start)}`,
  ]);
}

async function readManifests(file: string, source: SourceValue, namespace: string): Promise<ManifestSet> {
  const { manifests = [], objects = [] } = source.value as TestFile;
  const paths = manifests.map((path) => besides(file, path));
  const files = await Promise.all(
    (await listManifestFiles(paths)).map(async (path) => ({ file: path, text: await readText(path) })),
  );
  const inline = objects.map((value, index): SourceValue => {
    const path = joinPath('objects', index);
    return {
      value,
      place: source.locate(path),
      locate: (inner) => source.locate(inner === '' ? path : `${path}.${inner}`),
    };
  });
  const set = joinManifestSets([
    readManifestSet(files, namespace),
    sortManifests(inline, { files: [], defaultNamespace: namespace }),
  ]);
  if (set.routes.length > 0 || set.problems.length > 0) return set;
  throw new TestFileError([
    `${file}: has no EventRoute to test: name its file under \`manifests\`, or write it under \`objects\``,
  ]);
}

async function readRecordings(
  file: string,
  source: SourceValue,
): Promise<Map<string, readonly RehearsedEvent[]>> {
  const { tests } = source.value as TestFile;
  const recorded = new Map<string, readonly RehearsedEvent[]>();
  for (const name of new Set(tests.flatMap(({ events }) => events.flatMap((entry) => entry.file ?? [])))) {
    const path = besides(file, name);
    // asks first, so that a file that is not there is told in words
    await readText(path);
    const { events, problems } = await readRecordedEvents(createReadStream(path), path);
    if (problems.length > 0) throw new TestFileError(problems);
    recorded.set(name, events);
  }
  return recorded;
}

function besides(file: string, path: string): string {
  const absolute = resolve(dirname(file), path);
  // what is told of it is shorter from here, if it is below here
  const below = relative('', absolute);
  return below === '' || below.startsWith('..') ? absolute : below;
}

/** Writes a place as editors understand it. */
function placeText({ file, line, column }: Place): string {
  return `${file}:${line}:${column}:`;
}

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';

import { splitPath } from '../../operator/manifest/field-path.ts';
import { listManifestFiles, readText } from '../../operator/manifest/manifest-files.ts';
import { joinManifestSets, readManifestSet } from '../../operator/manifest/manifest-set.ts';
import { readSource } from '../../operator/manifest/source-text.ts';
import { joinPath } from '../../operator/schema/problem.ts';

const receiver = (name: string, more = ''): string =>
  `apiVersion: eventroute.dev/v1beta1\nkind: EventReceiver\nmetadata: {name: ${name}${more}}\nspec: {sink: {stdout: {}}}\n`;
const read = (text: string) => readManifestSet([{ file: 'a.yaml', text }], 'root');
const told = (text: string): string[] =>
  read(text).problems.map(({ place, message }) => `${place.line}:${place.column} ${message}`);

describe('the path of a field', () => {
  test('is cut into the keys that it was joined from', () => {
    const key = fc.oneof(fc.nat(1000), fc.string({ minLength: 1 }));
    fc.assert(
      fc.property(fc.array(key, { minLength: 1, maxLength: 6 }), (keys) => {
        const path = keys.reduce<string>((joined, one) => joinPath(joined, one), 'spec');
        expect(splitPath(path)).toEqual(['spec', ...keys]);
      }),
    );
  });
});

describe('the source of manifests', () => {
  test.each([
    ['a field', 'a: 1\nspec:\n  sink: {slack: {}}\n', 'spec.sink.slack', '3:10'],
    ['an entry of a list', 'spec:\n- a\n- b\n', 'spec[1]', '3:3'],
    ['a key with dots', 'labels:\n  x: y\n  "a.b/c": d\n', 'labels["a.b/c"]', '3:3'],
    ['a number as a key', 'data:\n  1: y\n', 'data["1"]', '2:3'],
    ['a missing field: what is around it', 'spec:\n  sink: {}\n', 'spec.sink.slack.channel', '2:3'],
    ['a field behind an alias', 'x: &x\n  deep: 1\nspec: *x\n', 'spec.deep', '2:3'],
    ['JSON', '{"spec":\n {"sink": 1}}', 'spec.sink', '2:3'],
    ['a block of text', 'spec:\n  text: |\n    one\n    two\n', 'spec.text', '2:3'],
  ])('finds %s', (_, text, path, expected) => {
    const { line, column } = readSource(text, 'a').values[0]!.locate(path);
    expect(`${line}:${column}`).toBe(expected);
  });

  test('places the items of a List, and documents after the first, in the file', () => {
    const { values } = readSource(
      'a: 1\n---\nkind: List\nitems:\n  - spec: {}\n  - spec:\n      x: 1\n',
      'a.yaml',
    );
    expect(values.map(({ place }) => place.line)).toEqual([1, 5, 6]);
    expect(values[2]!.locate('spec.x')).toEqual({ file: 'a.yaml', line: 7, column: 7 });
  });

  test('reads on after a document that is not valid', () => {
    const { values, problems } = readSource('a: [\n---\nb: 1\n---\nc: 1\nc: 2\n', 'a.yaml');
    expect(values.map(({ value }) => value)).toEqual([{ b: 1 }]);
    expect(problems.map(({ place }) => place.line)).toEqual([2, 6]);
    expect(problems[1]!.message).toBe('is not valid YAML: Map keys must be unique');
  });

  test('refuses aliases that would blow a small file up', () => {
    const layers = Array.from({ length: 12 }, (_, i) => `a${i + 1}: &a${i + 1} [${`*a${i},`.repeat(12)}]`);
    const { values, problems } = readSource(`a0: &a0 x\n${layers.join('\n')}\n`, 'bomb.yaml');
    expect(values).toEqual([]);
    expect(problems[0]!.message).toMatch(/Excessive alias count/);
  });
});

describe('a set of manifests', () => {
  test('holds our objects, Secrets and Namespaces, and passes over what is of others', () => {
    const set = read(
      [
        receiver('one'),
        receiver('two', ', namespace: shop'),
        'apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {a: b}\n',
        'apiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {team: a}}\n',
        'apiVersion: apps/v1\nkind: Deployment\nmetadata: {}\n',
        'apiVersion: other.io/v1\nkind: EventRoute\nmetadata: {name: theirs}\n',
      ].join('---\n'),
    );
    expect(set.receivers.map(({ title }) => title)).toEqual([
      'EventReceiver root/one',
      'EventReceiver shop/two',
    ]);
    expect(set.routes).toEqual([]);
    expect(set.secrets.map(({ title }) => title)).toEqual(['Secret root/s']);
    expect(set.namespaces.map(({ title }) => title)).toEqual(['Namespace shop']);
    expect(set.problems).toEqual([]);
  });

  test.each([
    [
      'a wrong version',
      'apiVersion: eventroute.dev/v1\nkind: EventRoute\nmetadata: {name: a}\n',
      '1:1 has apiVersion eventroute.dev/v1; this version of eventroute knows eventroute.dev/v1beta1',
    ],
    [
      'no version',
      'kind: EventRoute\nmetadata: {name: a}\n',
      '1:1 has no apiVersion; this version of eventroute knows eventroute.dev/v1beta1',
    ],
    [
      'a kind of ours that is none',
      'apiVersion: eventroute.dev/v1beta1\nkind: Eventroute\nmetadata: {name: a}\n',
      '2:1 has the kind Eventroute, which is not known; it takes EventRoute and EventReceiver',
    ],
    [
      'no kind',
      'apiVersion: eventroute.dev/v1beta1\nmetadata: {name: a}\n',
      '1:1 has an object without `kind`',
    ],
    [
      'no name',
      'apiVersion: eventroute.dev/v1beta1\nkind: EventRoute\n',
      '1:1 EventRoute has no metadata.name that is text',
    ],
    [
      'a name that the API server refuses',
      'apiVersion: eventroute.dev/v1beta1\nkind: EventRoute\nmetadata: {name: My_Route}\n',
      '3:12 EventRoute has the name "My_Route": names are small letters, digits, - and ., and begin and end with a letter or digit',
    ],
    [
      'a Secret whose data is plain text',
      'apiVersion: v1\nkind: Secret\nmetadata: {name: s}\ndata:\n  key: pl@in\n',
      '5:3 has data["key"], which is not Base64: plain text belongs in stringData',
    ],
    [
      'an object that is there twice',
      `${receiver('one')}---\n${receiver('one')}`,
      '6:1 is there twice, first in a.yaml:1: keep one of them',
    ],
    [
      'a document that is no manifest',
      'replicaCount: 3\n',
      '1:1 is no manifest, since it has no `kind`: it was passed over',
    ],
  ])('tells of %s', (_, text, expected) => {
    expect(told(text)).toEqual([expected]);
  });

  test('never tells the value of a Secret', () => {
    expect(told('kind: Secret\nmetadata: {name: s}\ndata: {key: hunter2-}\n').join()).not.toContain(
      'hunter2',
    );
  });

  test('joined with another tells what both hold', () => {
    const { receivers, problems } = joinManifestSets([read(receiver('one')), read(receiver('one'))]);
    expect(receivers).toHaveLength(1);
    expect(problems.map(({ kind }) => kind)).toEqual(['duplicate']);
  });
});

describe('files of manifests', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'eventroute-files-'));
    for (const name of [
      'b.yaml',
      'a.yml',
      'c.json',
      'x.test.yaml',
      'note.txt',
      'deep/d.yaml',
      '.git/e.yaml',
    ]) {
      await mkdir(dirname(join(folder, name)), { recursive: true });
      await writeFile(join(folder, name), name);
    }
  });
  afterEach(() => rm(folder, { recursive: true }));
  const list = async (...options: Parameters<typeof listManifestFiles>): Promise<string[]> =>
    (await listManifestFiles(...options)).map((file) => file.slice(folder.length + 1));

  test('are those of a folder, in order, but not its unit tests', async () => {
    expect(await list([folder])).toEqual(['a.yml', 'b.yaml', 'c.json']);
  });

  test('are those of all its folders when asked for, but not of hidden ones', async () => {
    expect(await list([folder], { recursive: true })).toEqual(['a.yml', 'b.yaml', 'c.json', 'deep/d.yaml']);
  });

  test('are listed once, and named files are taken whatever they are called', async () => {
    const named = join(folder, 'note.txt');
    expect(await list([named, named])).toEqual(['note.txt']);
  });

  test('that are missing, and folders without any, are told with a remedy', async () => {
    await expect(listManifestFiles([join(folder, 'none')])).rejects.toThrow(
      /cannot be read: there is no such file/,
    );
    await mkdir(join(folder, 'outer/inner'), { recursive: true });
    await expect(listManifestFiles([join(folder, 'outer')])).rejects.toThrow(/read with --recursive/);
  });

  test('may be standard input', async () => {
    expect(await listManifestFiles(['-'])).toEqual(['-']);
    expect(
      await readText(
        '-',
        (async function* () {
          yield await Promise.resolve('a');
          yield Buffer.from('b');
        })(),
      ),
    ).toBe('ab');
  });
});

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { readManifests } from '../../operator/cli/manifest.ts';
import { createMemoryWorld } from '../../operator/cli/memory-world.ts';
import { createRecordingLog } from '../kube/recording-log.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'eventroute-manifests-'));
});

afterEach(() => rm(folder, { recursive: true }));

const write = async (name: string, text: string): Promise<string> => {
  const path = join(folder, name);
  await writeFile(path, text);
  return path;
};
const read = (...paths: string[]) => readManifests(paths, 'root');
const receiver = (name: string, more = '') =>
  `apiVersion: eventroute.dev/v1beta1\nkind: EventReceiver\nmetadata: {name: ${name}${more}}\nspec: {sink: {stdout: {}}}\n`;

describe('manifests', () => {
  test('are read from files, folders, several documents, lists and JSON; other kinds are passed over', async () => {
    await write('a.yaml', `${receiver('one')}---\n---\n${receiver('two', ', namespace: shop')}`);
    await write(
      'b.json',
      JSON.stringify({ kind: 'List', items: [{ kind: 'ConfigMap', metadata: { name: 'c' } }] }),
    );
    await write('note.txt', 'not: [yaml');
    const list = await write(
      'c.list',
      JSON.stringify({
        kind: 'EventRouteList',
        items: [
          { apiVersion: 'eventroute.dev/v1beta1', kind: 'EventRoute', metadata: { name: 'all' }, spec: {} },
        ],
      }),
    );
    const { receivers, routes } = await read(folder, list);
    expect(receivers.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`)).toEqual([
      'root/one',
      'shop/two',
    ]);
    expect(routes.map(({ metadata }) => metadata)).toEqual([
      { name: 'all', namespace: 'root', generation: 1 },
    ]);
  });

  test.each([
    ['bad YAML, with its line', 'kind: A\nb: [c\n', /a\.yaml:\d+:\d+ is not valid YAML: [^\n]*[^:\n]$/],
    ['an alias that leads nowhere', 'kind: *nowhere', /a\.yaml:1:1 is not valid YAML: .*nowhere/],
    ['aliases that would blow up', bomb(), /a\.yaml:1:1 is not valid YAML: Excessive alias count/],
    ['no kind', 'apiVersion: eventroute.dev/v1beta1\nspec: {}', 'has an object without `kind`'],
    ['no name', 'kind: EventRoute\nmetadata: null', 'EventRoute has no metadata.name that is text'],
    [
      'a name that is a number',
      'kind: EventRoute\nmetadata: {name: 5}',
      'EventRoute has no metadata.name that is text',
    ],
    [
      'another version',
      'apiVersion: eventroute.dev/v1\nkind: EventRoute\nmetadata: {name: a}',
      'EventRoute root/a has apiVersion eventroute.dev/v1; this version of eventroute knows eventroute.dev/v1beta1',
    ],
    [
      'the same object twice',
      `${receiver('a')}---\n${receiver('a')}`,
      /a\.yaml:6:1 EventReceiver root\/a is there twice, first in .*a\.yaml:1: keep one of them/,
    ],
    [
      'a Secret in plain text',
      'kind: Secret\nmetadata: {name: s}\ndata: {url: "https://example.com"}',
      'Secret root/s has data["url"], which is not Base64: plain text belongs in stringData',
    ],
    [
      'a Secret of numbers',
      'kind: Secret\nmetadata: {name: s}\nstringData: {pin: 5}',
      'has a stringData that is no map of texts',
    ],
  ])('are refused for %s', async (_, text, message) => {
    await write('a.yaml', text);
    await expect(read(folder)).rejects.toThrow(message);
  });

  test('are refused where nothing can be read, with the reason', async () => {
    await expect(read(join(folder, 'none'))).rejects.toThrow(
      'none cannot be read: there is no such file or folder',
    );
    await expect(read(folder)).rejects.toThrow('holds no *.yaml, *.yml or *.json file');
  });

  test('do not repeat the value of a Secret that is refused', async () => {
    await write('a.yaml', 'kind: Secret\nmetadata: {name: s}\ndata: {token: "s3cr3t token!"}');
    await expect(read(folder)).rejects.not.toThrow('s3cr3t');
  });
});

describe('the world of manifests', () => {
  test('gives Secrets decoded, stringData before data, whatever their keys are called', async () => {
    await write(
      'a.yaml',
      `kind: Secret\nmetadata: {name: s}\ndata: {a: ${Buffer.from('one').toString('base64')}, __proto__: dHdv}\nstringData: {a: two}\n`,
    );
    await write('b.yaml', 'kind: Secret\nmetadata: {name: empty}\ndata: null\n');
    const world = createMemoryWorld(await read(folder), createRecordingLog());
    const secret = await world.secret({ namespace: 'root', name: 's' });
    expect(secret!['a']).toBe('two');
    expect(Object.hasOwn(secret!, '__proto__')).toBe(true);
    expect(await world.secret({ namespace: 'root', name: 'empty' })).toEqual({});
    expect(await world.secret({ namespace: 'other', name: 's' })).toBeUndefined();
  });

  test('gives a namespace its own labels and the one that every namespace has', async () => {
    await write('a.yaml', 'kind: Namespace\nmetadata: {name: shop, labels: {tier: gold}}\n');
    const world = createMemoryWorld(await read(folder), createRecordingLog());
    expect(await world.namespaceLabels('shop')).toEqual({
      tier: 'gold',
      'kubernetes.io/metadata.name': 'shop',
    });
    expect(await world.namespaceLabels('other')).toEqual({ 'kubernetes.io/metadata.name': 'other' });
  });
});

/** A small file of aliases that stands for a huge one. */
function bomb(): string {
  const levels = Array.from({ length: 9 }, (_, index) => {
    const before = index === 0 ? '"x"' : `*l${index - 1}`;
    return `l${index}: &l${index} [${Array(9).fill(before).join(', ')}]`;
  });
  return `kind: A\n${levels.join('\n')}\n`;
}

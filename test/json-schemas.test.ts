import { readdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Ajv } from 'ajv';
import { parse, parseAllDocuments } from 'yaml';

import { loadSink, sinkNames } from '../operator/sinks/registry.ts';
import { makeJsonSchemas } from '../tools/json-schemas.ts';

const root = resolve(__dirname, '..');
const validators = new Map<string, (value: unknown) => boolean>();

beforeAll(async () => {
  for (const { path, text } of await makeJsonSchemas()) {
    const { $schema, ...schema } = JSON.parse(text) as Record<string, unknown>;
    expect($schema).toBe('http://json-schema.org/draft-07/schema#');
    // draft 7 is what Ajv speaks; strict: a keyword that nobody knows is a slip
    const validate = new Ajv({ strict: true, strictRequired: false, strictTypes: false }).compile(schema);
    validators.set(path.replace(/^.*\/|\.json$/g, ''), (value) => validate(value));
  }
});

const examples = async (pattern: RegExp): Promise<string[]> =>
  (await readdir(join(root, 'examples'), { recursive: true })).filter((name) => pattern.test(name));
const read = (name: string): Promise<string> => readFile(join(root, 'examples', name), 'utf8');
const object = (kind: string, spec: unknown) => ({
  apiVersion: 'eventroute.dev/v1beta1',
  kind,
  metadata: { name: 'a' },
  spec,
});

describe('the JSON schemas for editors', () => {
  test('take every manifest of the examples', async () => {
    let taken = 0;
    for (const name of await examples(/(?<!\.test)\.yaml$/)) {
      for (const document of parseAllDocuments(await read(name))) {
        const value = document.toJS() as { kind: string };
        const validate = validators.get(value.kind.toLowerCase());
        if (validate === undefined) continue;
        expect([name, validate(value)]).toEqual([name, true]);
        taken += 1;
      }
    }
    expect(taken).toBeGreaterThan(15);
  });

  test('take every file of tests of the examples', async () => {
    const names = await examples(/\.test\.yaml$/);
    expect(names.length).toBeGreaterThan(3);
    for (const name of names)
      expect([name, validators.get('route-test')!(parse(await read(name)))]).toEqual([name, true]);
  });

  test.each(sinkNames)('take the example of %s', async (name) => {
    const { example } = await loadSink(name);
    expect(validators.get('eventreceiver')!(object('EventReceiver', { sink: { [name]: example } }))).toBe(
      true,
    );
  });

  test.each([
    ['eventroute', object('EventRoute', { match: [{ reasn: 'x' }] })],
    ['eventroute', object('EventRoute', { mode: 'Off' })],
    ['eventroute', { ...object('EventRoute', {}), kind: 'Route' }],
    [
      'eventreceiver',
      object('EventReceiver', {
        sink: { webhook: { endpoint: 'a', endpointSecretRef: { name: 'a', key: 'b' } } },
      }),
    ],
    ['eventreceiver', object('EventReceiver', { sink: { webhook: {} } })],
    ['eventreceiver', object('EventReceiver', { sink: {} })],
    ['route-test', { tests: [] }],
    ['route-test', { tests: [{ name: 'a', events: [{ at: 'soon' }] }] }],
    ['route-test', { tests: [{ name: 'a', events: [{}], expects: [] }] }],
  ])('refuse as %s what is wrong', (name, value) => {
    expect(validators.get(name)!(value)).toBe(false);
  });
});

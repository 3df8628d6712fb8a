import { Type } from '@sinclair/typebox';

import { Duration, OneOf, Quantity, Secret, Text } from '../../operator/schema/fields.ts';
import { describeProblems, joinPath } from '../../operator/schema/problem.ts';
import { createValidator, nearMiss } from '../../operator/schema/validate.ts';
import { writtenSchema } from '../../operator/schema/written.ts';
import { SecretMap } from '../../operator/sink-kit/index.ts';

const description = 'A field.';
const schema = Type.Object({
  token: Secret({ description }),
  password: Type.Optional(Secret({ description })),
  wait: Type.Optional(Duration({ description })),
  size: Type.Optional(Quantity({ description })),
  mode: Type.Optional(OneOf(['Deliver', 'Shadow'], { description })),
  count: Type.Optional(Type.Integer({ minimum: 1, maximum: 10, description })),
  labels: Type.Optional(Type.Record(Type.String(), Text({ description }))),
  headersSecretRef: Type.Optional(SecretMap({ description })),
  parts: Type.Optional(Type.Array(Type.Object({ name: Text({ description }) }), { maxItems: 2 })),
  one: Type.Optional(
    Type.Object({ a: Type.Optional(Text({ description })), b: Type.Optional(Text({ description })) }),
  ),
});
const written = writtenSchema(schema);
Object.assign(written.properties!['one']!, { minProperties: 1, maxProperties: 1 });
const validate = createValidator(written);
const problemsOf = (value: unknown) => validate(value, 'spec').map((problem) => describeProblems([problem]));

describe('a valid value', () => {
  test('has no problems, in either form of a credential', () => {
    const more = {
      wait: '1h30m',
      size: 512,
      mode: 'Shadow',
      count: 10,
      labels: { 'a.b/c': 'x' },
      one: { a: '' },
    };
    expect(problemsOf({ token: 't', ...more })).toEqual([]);
    expect(problemsOf({ tokenSecretRef: { name: 's', key: 'k' }, size: '5Mi' })).toEqual([]);
  });
});

describe('a problem', () => {
  test.each([
    ['a near miss', { token: 't', cuont: 1 }, 'spec has `cuont`; did you mean `count`?'],
    ['a near miss in case only', { token: 't', Mode: 'Shadow' }, 'spec has `Mode`; did you mean `mode`?'],
    [
      'an unknown field in depth',
      { token: 't', parts: [{ name: 'a' }, { name: 'b', colour: 1 }] },
      'spec.parts[1] has `colour`, which is not known; it takes name',
    ],
    ['a missing field in depth', { token: 't', parts: [{}] }, 'spec.parts[0].name is required'],
    ['no credential', {}, 'spec needs `token` or `tokenSecretRef`'],
    [
      'both forms of a credential',
      { token: 't', tokenSecretRef: { name: 's', key: 'k' } },
      'spec sets both `token` and `tokenSecretRef`; keep one of them',
    ],
    [
      'both forms of an optional credential',
      { token: 't', password: 'p', passwordSecretRef: { name: 's', key: 'k' } },
      'spec sets both `password` and `passwordSecretRef`; keep one of them',
    ],
    ['a reference without its key', { tokenSecretRef: { name: 's' } }, 'spec.tokenSecretRef.key is required'],
    [
      'a reference to a key where a whole Secret is meant',
      { token: 't', headersSecretRef: { name: 's', key: 'k' } },
      'spec.headersSecretRef has `key`, which is not known; it takes name',
    ],
    ['an empty credential', { token: '' }, 'spec.token must not be empty'],
    ['a wrong type', { token: 5 }, 'spec.token must be a text, not a number'],
    ['null', { token: 't', one: null }, 'spec.one must be a map, not null'],
    ['a list for a map', { token: 't', labels: ['a'] }, 'spec.labels must be a map, not a list'],
    ['a map for a list', { token: 't', parts: {} }, 'spec.parts must be a list, not a map'],
    ['a broken number', { token: 't', count: 1.5 }, 'spec.count must be a whole number, not a number'],
    ['a number that is too small', { token: 't', count: 0 }, 'spec.count must be at least 1, not 0'],
    ['a number that is too large', { token: 't', count: 11 }, 'spec.count must be at most 10, not 11'],
    [
      'a list that is too long',
      { token: 't', parts: [{ name: '' }, { name: '' }, { name: '' }] },
      'spec.parts must have at most 2 entries',
    ],
    [
      'a bad duration',
      { token: 't', wait: '5 minutes' },
      'spec.wait must be a duration such as 10s, 5m or 1h30m, not "5 minutes"',
    ],
    ['a number for a duration', { token: 't', wait: 10 }, 'spec.wait must be a text, not a number'],
    [
      'a bad size',
      { token: 't', size: '5MB' },
      'spec.size must be a number of bytes such as 512Ki, 5Mi or 1048576, not "5MB"',
    ],
    [
      'a negative size',
      { token: 't', size: -1 },
      'spec.size must be a number of bytes such as 512Ki, 5Mi or 1048576, not -1',
    ],
    [
      'a bad choice',
      { token: 't', mode: 'shadow' },
      'spec.mode must be one of Deliver, Shadow, not "shadow"; did you mean Shadow?',
    ],
    ['none of a choice', { token: 't', one: {} }, 'spec.one must have exactly one of a, b; it is empty'],
    [
      'two of a choice',
      { token: 't', one: { a: '', b: '' } },
      'spec.one must have exactly one of a, b; it has a and b',
    ],
    [
      'a key that is no name',
      { token: 't', labels: { 'a.b/c': 1 } },
      'spec.labels["a.b/c"] must be a text, not a number',
    ],
    [
      'a key that looks like an index',
      { token: 't', labels: { '0': 1 } },
      'spec.labels["0"] must be a text, not a number',
    ],
    ['no map at all', 'text', 'spec must be a map, not a text'],
  ])('is told for %s', (_, value, message) => {
    expect(problemsOf(value)).toEqual([message]);
  });

  test('is told for names of Object.prototype as for any other', () => {
    for (const name of ['__proto__', 'constructor', 'toString']) {
      const value = JSON.parse(`{"token":"t","${name}":{}}`) as unknown;
      expect(problemsOf(value)).toEqual([
        expect.stringContaining(`spec has \`${name}\`, which is not known`),
      ]);
    }
    const labels = JSON.parse('{"token":"t","labels":{"__proto__":1}}') as unknown;
    expect(problemsOf(labels)).toEqual(['spec.labels.__proto__ must be a text, not a number']);
  });

  test('does not repeat what may be a credential', () => {
    expect(problemsOf({ token: { value: 's3cr3t-value' } }).join()).not.toContain('s3cr3t-value');
  });

  test('is one of all, not the first only', () => {
    expect(problemsOf({ wait: 'x', count: 0, colour: '' })).toHaveLength(4);
  });

  test('quotes long values only in part', () => {
    expect(problemsOf({ token: 't', wait: 'x'.repeat(100_000) })[0]!.length).toBeLessThan(200);
  });
});

describe('a list of problems', () => {
  const problems = Array.from({ length: 8 }, (_, index) => ({
    path: `spec.match[${index}]`,
    message: 'is bad',
  }));

  test('spells five out and counts the rest', () => {
    expect(describeProblems(problems)).toMatch(
      /^spec\.match\[0\] is bad; .*spec\.match\[4\] is bad; and 3 more$/,
    );
  });
});

describe('a path', () => {
  test('is joined as users write it', () => {
    expect(joinPath(joinPath('spec.match', 0), 'labels')).toBe('spec.match[0].labels');
    expect(joinPath('', 'spec')).toBe('spec');
    expect(joinPath('labels', 'app.kubernetes.io/name')).toBe('labels["app.kubernetes.io/name"]');
  });
});

describe('a near miss', () => {
  test.each([
    ['slak', ['slack', 'kafka'], 'slack'],
    ['Webhook', ['webhook'], 'webhook'],
    ['x', ['slack', 'kafka'], undefined],
    ['entirely-else', ['slack'], undefined],
    ['slack', [], undefined],
  ])('of %s among %j is %s', (name, known, meant) => {
    expect(nearMiss(name, known)).toBe(meant);
  });
});

import { Type } from '@sinclair/typebox';

import { docTable } from '../../operator/schema/doc-table.ts';
import { Duration, OneOf, Quantity, Secret, Text } from '../../operator/schema/fields.ts';
import { structuralSchema } from '../../operator/schema/structural.ts';
import { writtenSchema } from '../../operator/schema/written.ts';
import { Layout } from '../../operator/sink-kit/index.ts';

const schema = writtenSchema(
  Type.Object({
    token: Secret({ description: 'The token.' }),
    mode: Type.Optional(OneOf(['A', 'B'], { description: 'A | B.', default: 'A' })),
    wait: Type.Optional(Duration({ description: 'How long.', default: '10s', examples: ['1m'] })),
    size: Type.Optional(Quantity({ description: 'How much.' })),
    layout: Type.Optional(Layout({ description: 'The document.' })),
    labels: Type.Record(Type.String(), Text({ description: 'A value.' }), { description: 'Labels.' }),
    parts: Type.Array(Type.Object({ name: Text({ description: 'Its\nname.' }) }), { description: 'Parts.' }),
  }),
);

test('a table has a row for each field with its path, type, need, default and choices', () => {
  expect(docTable(schema).split('\n')).toEqual([
    '| Field | Type | Meaning |',
    '| --- | --- | --- |',
    '| `token` | string | The token. |',
    '| `tokenSecretRef` | object | Key of a Secret of this namespace that holds `token`; read again every minute. |',
    '| `tokenSecretRef.name` | string | Name of the Secret. Required. |',
    "| `tokenSecretRef.key` | string | Key in the Secret's data. Required. |",
    '| `mode` | string | A \\| B. Default: `A`. One of `A`, `B`. |',
    '| `wait` | duration | How long. Default: `10s`. Example: `"1m"`. |',
    '| `size` | byte size | How much. |',
    '| `layout` | object | The document. |',
    '| `labels` | map of strings | Labels. Required. |',
    '| `parts` | list of objects | Parts. Required. |',
    '| `parts[].name` | string | Its name. Required. |',
    '',
  ]);
});

test('a structural schema says in CEL what a credential needs', () => {
  expect(structuralSchema(schema)['x-kubernetes-validations']).toEqual([
    {
      rule: '!(has(self.token) && has(self.tokenSecretRef))',
      message: 'set token or tokenSecretRef, not both',
    },
    { rule: 'has(self.token) || has(self.tokenSecretRef)', message: 'token or tokenSecretRef is required' },
  ]);
  expect(schema.required).toEqual(['labels', 'parts']);
});

test('a structural schema keeps free documents free, and nothing else', () => {
  const { properties } = structuralSchema(schema);
  expect(properties!['layout']).toEqual({
    type: 'object',
    description: 'The document.',
    'x-kubernetes-preserve-unknown-fields': true,
    additionalProperties: true,
  });
  expect(properties!['labels']!.additionalProperties).toEqual({ type: 'string', description: 'A value.' });
  expect(properties!['tokenSecretRef']!.additionalProperties).toBeUndefined();
});

import type { TSchema } from '@sinclair/typebox';
import {
  dropRuleFields,
  rootRouteFields,
  routeNodeFields,
  RuleFields,
  unrolledLevels,
} from '../../operator/routing/route-fields.ts';
import { compileRoute } from '../../operator/routing/compile-route.ts';

function childOf(node: TSchema): TSchema {
  const { properties } = node as unknown as { properties: { routes: { items: TSchema } } };
  return properties.routes.items;
}

function fieldsOf(schema: TSchema): Record<string, TSchema> {
  return schema['properties'] as Record<string, TSchema>;
}

test('a drop rule has every condition of a match rule, and neither receiver nor throttle', () => {
  const ofDelivery = ['receiver', 'throttle'];
  const conditions = Object.keys(RuleFields.properties).filter((field) => !ofDelivery.includes(field));
  expect(Object.keys(dropRuleFields.properties)).toEqual(conditions);
});

test('the spec spells out its levels of children, and keeps the next one unchecked', () => {
  let node: TSchema = rootRouteFields;
  for (let level = 0; level < unrolledLevels; level += 1) {
    node = childOf(node);
    expect(Object.keys(fieldsOf(node))).toEqual(['name', 'drop', 'match', 'routes']);
  }
  expect(childOf(node)).toMatchObject({ type: 'object', 'x-kubernetes-preserve-unknown-fields': true });
  expect(fieldsOf(childOf(node))).toBeUndefined();
});

test('every field describes itself in whole sentences', () => {
  const fields = { ...fieldsOf(rootRouteFields), ...fieldsOf(RuleFields), ...fieldsOf(routeNodeFields(0)) };
  const undescribed = Object.entries(fields).filter(
    ([, { description }]) => !/^[A-Z].*\.$/s.test(description ?? ''),
  );
  expect(undescribed.map(([name]) => name)).toEqual([]);
});

test('every example of a rule field compiles without a note', () => {
  for (const [field, schema] of Object.entries(RuleFields.properties as Record<string, TSchema>)) {
    for (const example of (schema['examples'] ?? []) as unknown[]) {
      const spec = { match: [{ receiver: 'a', [field]: example }] };
      const { problems, notes } = compileRoute({ namespace: 'n', name: 'r', clusterWide: true, spec });
      expect([field, problems, notes]).toEqual([field, [], []]);
    }
  }
});

import { compileExpression } from '../../operator/routing/expression.ts';

const document = {
  metadata: { name: 'web-1.17a', namespace: 'shop' },
  reason: 'BackOff',
  message: 'Back-off restarting failed container',
  type: 'Warning',
  count: 7,
  source: { component: 'kubelet', host: 'n1' },
  firstTimestamp: '2026-01-01T00:00:00Z',
  lastTimestamp: '2026-01-01T09:30:00Z',
  eventTime: null,
  reportingComponent: '',
  clusterName: 'blue',
  involvedObject: {
    kind: 'Pod',
    name: 'web-1',
    labels: { tier: 'critical', 'a/b': 'c' },
    ownerReferences: [
      { kind: 'Node', name: 'n1' },
      { kind: 'ReplicaSet', name: 'web', controller: true },
    ],
    deleted: false,
  },
};

function expressionOf(written: string) {
  const compiled = compileExpression(written);
  if ('problem' in compiled) throw new Error(compiled.problem);
  return compiled.expression;
}

function problemOf(written: string): string {
  const compiled = compileExpression(written);
  return 'problem' in compiled ? compiled.problem : 'no problem';
}

describe('compileExpression', () => {
  test.each([
    ['event.count > 3', true],
    ['event.count / 2 == 3 && event.count % 2 == 1', true],
    ['-event.count < 0 && event.count - 8 == -1', true],
    ['event.reason == "BackOff" && event.involvedObject.name.startsWith("web")', true],
    ['event["reason"] in ["BackOff", "Failed"]', true],
    ['event.involvedObject.labels["a/b"] == "c"', true],
    ['event.involvedObject.labels.tier.size() == 8', true],
    ['"tier" in event.involvedObject.labels && !("x" in event.involvedObject.labels)', true],
    ['event.message.matches("(?i)back-OFF.*container$")', true],
    ['event.message.matches("!x")', false],
    ['event.involvedObject.ownerReferences.exists(o, o.kind == "ReplicaSet" && o.controller)', true],
    ['event.involvedObject.ownerReferences.all(o, o.name != "x")', true],
    ['event.involvedObject.ownerReferences.exists_one(o, o.kind == "Node")', true],
    ['event.involvedObject.ownerReferences.map(o, o.kind) == ["Node", "ReplicaSet"]', true],
    ['event.involvedObject.ownerReferences.map(o, o.kind == "Node", o.name)[0] == "n1"', true],
    ['size(event.involvedObject.ownerReferences.filter(o, o.kind == "Node")) == 1', true],
    [
      'event.involvedObject.labels.exists(k, event.involvedObject.ownerReferences.exists(o, k != o.kind))',
      true,
    ],
    ['timestamp(event.lastTimestamp) - timestamp(event.firstTimestamp) > duration("9h")', true],
    [
      'timestamp(event.lastTimestamp).getHours() == 9 && timestamp(event.lastTimestamp).getMinutes() == 30',
      true,
    ],
    ['string(event.count) + "x" == "7x" && int("7") == event.count', true],
    ['event.reason.lowerAscii() == "backoff" && " a ".trim() == "a"', true],
    ['event.count == 7 ? event.type == "Warning" : false', true],
    ['"héé😀".size() == 4', true],
    ['event.source.component == "kubelet" && event.clusterName == "blue"', true],
    ['event.count > 7', false],
  ])('%s gives %s', (written, expected) => {
    expect(expressionOf(written).matches(document)).toBe(expected);
  });

  test.each([
    ['event.series.count > 3', 'event.series is absent'],
    ['event.eventTime == ""', 'event.eventTime is absent'],
    ['!(event.action == "x")', 'event.action is absent'],
    ['event.involvedObject.labels.nope == "x"', 'event.involvedObject.labels.nope is absent'],
    ['event.involvedObject.labels.constructor == "x"', 'event.involvedObject.labels.constructor is absent'],
    [
      'event.involvedObject.ownerReferences[7].kind == "x"',
      'event.involvedObject.ownerReferences[7] is absent',
    ],
    ['event.count % 0 == 1', 'division by zero'],
    ['event.count / 0 == 1', 'division by zero'],
    ['int(event.reason) == 1', 'no whole number'],
    ['timestamp(event.reason) == timestamp(event.reason)', 'no RFC 3339 time'],
    ['9007199254740991 * event.count == 0', 'too large'],
  ])('%s has no value, which is no match and says why', (written, cause) => {
    const expression = expressionOf(written);
    expect(expression.matches(document)).toBe(false);
    expect(expression.whyNot(document)).toContain(cause);
  });

  test('lets one decisive side outweigh an absent field on the other, as CEL does', () => {
    expect(expressionOf('event.series.count > 3 || event.count == 7').matches(document)).toBe(true);
    expect(expressionOf('!(event.series.count > 3 && event.count == 8)').matches(document)).toBe(true);
    expect(expressionOf('has(event.series) && event.series.count > 3').whyNot(document)).toBe(
      'the expression is false',
    );
  });

  test('says nothing of an expression that is true', () => {
    expect(expressionOf('event.count == 7').whyNot(document)).toBeUndefined();
  });

  test.each([
    ['event.reason', 'gives string; a rule needs a boolean'],
    ['event.reson == "x"', 'no such key: reson, at character 7'],
    ['event.reason > 3', 'no such overload: string > int'],
    ['event.involvedObject.ownerReferences.exists(o, o.kid == "x")', 'no such key: kid'],
    ['reason == "x"', 'unknown variable: reason'],
    ['event.count > 2.5', 'whole numbers'],
    ['event.message.matches(event.reason)', 'a pattern in quotes'],
    ['event.message.matches("(a")', 'missing closing )'],
    ['event.message.matches("*x*")', 'write that instead'],
    ['event.message.split("").size() > 1', 'no function split'],
    ['cel.bind(x, 1, x == 1)', 'no function bind'],
    ['{"a": 1} == {"a": 1}', 'map literals'],
    ['b"a" == b"a"', 'whole numbers, texts'],
    ['1u == 1u', 'whole numbers, texts'],
    ['[1].exists(a, [1].exists(b, [1].exists(c, true)))', 'deeper than 2'],
    ['event.count >', 'unexpected token: EOF, at character 14'],
    [`${'('.repeat(60)}true${')'.repeat(60)}`, 'exceeded maxDepth'],
    [`${'!'.repeat(1_000)}true`, 'exceeded maxAstNodes'],
    [`event.reason == "${'x'.repeat(2_100)}"`, 'at most 2048 are taken'],
    ['constructor == 1', 'unknown variable'],
    ['event.__proto__ == 1', 'no such key'],
    ['event.reason.constructor("x")', 'no matching overload'],
  ])('refuses %s and says why', (written, cause) => {
    expect(problemOf(written)).toContain(cause);
  });

  describe('with an event that was made to be slow', () => {
    const labels = Object.fromEntries(Array.from({ length: 5_000 }, (_, index) => [`k${index}`, 'v']));
    const message = 'ab'.repeat(500_000);
    const slow = { ...document, message, involvedObject: { ...document.involvedObject, labels } };
    const each = 'event.involvedObject.labels';

    test.each([
      `${each}.exists(a, ${each}.exists(b, a + b == "zzz"))`,
      `${each}.exists(a, event.message.contains(a + "x"))`,
      `${each}.exists(a, event.message.matches("a[ab]{900}$"))`,
      `${each}.map(a, event.message + a).exists(x, x.endsWith("y"))`,
      `${each}.map(a, ${each}.map(b, b)).size() > 1`,
      `${each}.all(a, ${each}.all(b, event.message + a != event.message + b + "c"))`,
      `${each}.exists(a, ${each} == {}) || true`.replace('== {}', `!= ${each}`),
    ])('%s ends soon, and is no match', (written) => {
      const expression = expressionOf(written);
      const started = performance.now();
      expect(expression.whyNot(slow)).toContain('too much work');
      expect(performance.now() - started).toBeLessThan(1_000);
    });
  });

  test('keeps no hold of the event between evaluations', () => {
    const expression = expressionOf('event.count > 3');
    const first = { ...document, count: 9 };
    expect([expression.matches(first), expression.matches({ ...document, count: 1 })]).toEqual([true, false]);
  });
});

import fc from 'fast-check';

import { type Condition, findClash, isImplied } from '../../operator/lint/condition.ts';
import { makeEvent } from '../routing/event-factory.ts';
import { compileRule } from '../../operator/routing/rule.ts';

const condition = (field: string, wants: string, by = 'spec.match[0]'): Condition => ({ field, wants, by });

describe('a condition', () => {
  test.each([
    ['the same text', 'reason', 'Back.*Off', 'Back.*Off'],
    ['a longer word', 'reason', 'BackOff', 'Back'],
    ['fewer words', 'reason', 'Pulled|Created', 'Created|Pulled|Started'],
    ['an anchored word that the other matches', 'reason', '^BackOff$', '.*Off$'],
    ['anchored words that the other matches', 'kind', '^(Pod|Node)$', 'Pod|Node|Job'],
    ['one of two types', 'type', 'Warn', '!Normal'],
    ['a higher count', 'minCount', '5', '3'],
    ['a label with a value, for the label alone', 'labels.tier', 'critical', ''],
  ])('is implied by %s', (_, field, known, wanted) => {
    expect(isImplied(condition(field, wanted), [condition(field, known)])).toBe(true);
  });

  test.each([
    ['another field', condition('reason', 'A'), condition('message', 'A')],
    ['a shorter word', condition('reason', 'BackOff'), condition('reason', 'Back')],
    ['more words', condition('reason', 'Pulled'), condition('reason', 'Pulled|Created')],
    ['a pattern that is not understood', condition('reason', 'Back'), condition('reason', 'Back[O]ff')],
    ['a lower count', condition('minCount', '5'), condition('minCount', '3')],
    ['two alternatives of one anchor each', condition('reason', '^a'), condition('reason', '^a|b$')],
    ['another expression', condition('when', 'event.count > 3'), condition('when', 'event.count > 4')],
    ['a label that is negated, for the label alone', condition('labels.a', ''), condition('labels.a', '!x')],
  ])('is not taken to be implied by %s', (_, wanted, known) => {
    expect(isImplied(wanted, [known])).toBe(false);
  });

  test.each([
    ['the two types', 'type', 'Warning', 'Normal'],
    ['anchored words', 'kind', '^Pod$', '^Node$'],
    ['a pattern and its negation', 'reason', 'Ba.k', '!Ba.k'],
    ['a word and the negation of a part of it', 'reason', 'BackOff', '!Back'],
    ['a label that is there and is not', 'labels.a', '', '!'],
    ['a label with a value that is not there', 'labels.a', 'x', '!'],
  ])('clashes: %s', (_, field, one, other) => {
    expect(findClash([condition(field, one), condition(field, other)])).toBeDefined();
    expect(findClash([condition(field, other), condition(field, one)])).toBeDefined();
  });

  test.each([
    ['words of which both may be in a text', 'reason', 'Back', 'Off'],
    ['counts', 'minCount', '3', '5'],
    ['two owners', 'owner', '^ReplicaSet/a$', '^Node/b$'],
    ['a label that is absent, and one that may be', 'labels.a', '!', '!x'],
  ])('does not clash: %s', (_, field, one, other) => {
    expect(findClash([condition(field, one), condition(field, other)])).toBeUndefined();
  });

  const word = fc.constantFrom(
    'Pod',
    'Po',
    'Node',
    'Pod|Node',
    '^Pod$',
    '^(Pod|Node)$',
    '!Pod',
    'P.d',
    '!^Node$',
    '^Po',
    'od$',
    '(?i)pod',
    '^Pod|Node$',
    '',
  );
  const value = fc.constantFrom('Pod', 'Node', 'Po', 'PodNode', 'pod', 'od', 'Job', 'xPod');
  const matches = (wants: string, text: string): boolean =>
    compileRule({ kind: wants }, 'r', {
      problems: [],
      notes: [],
      spent: { characters: 0, instructions: 0 },
    }).matches(makeEvent({ involvedObject: { kind: text } }));

  test('claims nothing that an event could disprove', () => {
    fc.assert(
      fc.property(word, word, value, (one, other, text) => {
        fc.pre(one !== '' && other !== '');
        const [a, b] = [condition('kind', one), condition('kind', other)];
        if (matches(one, text) && !matches(other, text)) expect(isImplied(b, [a])).toBe(false);
        if (matches(one, text) && matches(other, text)) expect(findClash([a, b])).toBeUndefined();
      }),
      { numRuns: 1_000 },
    );
  });
});

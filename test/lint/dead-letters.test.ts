import { deadLetterKey, judgeDeadLetters } from '../../operator/lint/dead-letters.ts';
import { offline } from '../../operator/lint/surroundings.ts';

const key = (text: string) => ({ namespace: 'shop', name: text });
const judge = async (refs: Readonly<Record<string, string>>, known: readonly string[] = []) => {
  const entries = Object.entries(refs).map(([from, to]) => [`shop/${from}`, key(to)] as const);
  const receiver = ({ name }: { name: string }) =>
    Promise.resolve(known.includes(name) ? ({ kind: 'EventReceiver' } as never) : undefined);
  const judged = await judgeDeadLetters(new Map(entries), { ...offline, receiver });
  return Object.fromEntries([...judged].map(([name, { rule, severity }]) => [name, `${severity} ${rule}`]));
};

describe('dead letters', () => {
  test('go to a receiver of the same namespace', () => {
    expect(deadLetterKey({ deadLetterRef: { name: 'archive' } }, 'shop')).toEqual(key('archive'));
    expect(deadLetterKey({ deadLetterRef: {} }, 'shop')).toBeUndefined();
    expect(deadLetterKey(undefined, 'shop')).toBeUndefined();
  });

  test('may go to a receiver that is there, and on to another', async () => {
    expect(await judge({ a: 'b', b: 'c' }, ['a', 'b', 'c'])).toEqual({});
  });

  test('are told when there is nobody to get them', async () => {
    expect(await judge({ a: 'b' }, ['a'])).toEqual({ 'shop/a': 'error ReceiverNotFound' });
  });

  test('are told when they come back, and only to those whom they come back to', async () => {
    expect(await judge({ a: 'b', b: 'c', c: 'b', d: 'd' }, ['a', 'b', 'c', 'd'])).toEqual({
      'shop/b': 'warning DeadLetterCycle',
      'shop/c': 'warning DeadLetterCycle',
      'shop/d': 'warning DeadLetterCycle',
    });
  });
});

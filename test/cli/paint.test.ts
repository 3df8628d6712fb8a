import { createPaint } from '../../operator/cli/paint.ts';

describe('paint', () => {
  test('marks words on a terminal', () => {
    expect(createPaint({ isTTY: true }, {})('no', 'bad')).toBe('\u001b[31mno\u001b[39m');
  });

  test.each([
    ['where there is no terminal', { isTTY: false }, {}],
    ['where NO_COLOR is set', { isTTY: true }, { NO_COLOR: '1' }],
    ['on a dumb terminal', { isTTY: true }, { TERM: 'dumb' }],
  ])('leaves words as they are %s', (_, stream, env) => {
    expect(createPaint(stream, env)('no', 'bad')).toBe('no');
  });
});

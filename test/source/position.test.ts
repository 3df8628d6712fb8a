import fc from 'fast-check';

import { comparePositions } from '../../operator/source/position.ts';

describe('comparePositions', () => {
  it('orders decimal numbers of any length as BigInt does', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: 0n, max: 2n ** 90n }),
        fc.bigInt({ min: 0n, max: 2n ** 90n }),
        (one, other) => {
          const expected = one < other ? -1 : Number(one > other);
          expect(Math.sign(comparePositions(String(one), String(other)))).toBe(expected);
        },
      ),
    );
  });

  it('puts what is no number before everything', () => {
    expect(comparePositions('', '0')).toBeLessThan(0);
    expect(comparePositions('abc', '1')).toBeLessThan(0);
    expect(comparePositions('', '')).toBe(0);
    expect(comparePositions('x', '')).toBe(0);
    expect(comparePositions('7', '007')).toBe(0);
    expect(comparePositions('010', '9')).toBeGreaterThan(0);
  });
});

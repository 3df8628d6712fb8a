import fc from 'fast-check';

import { readDate, readMicroTime, readTime } from '../../operator/event/rfc3339.ts';

describe('readTime, readMicroTime and readDate', () => {
  it('read any moment of the last and the next thousand years, in any zone', () => {
    const range = {
      min: new Date('1000-01-01T00:00:00Z'),
      max: new Date('3000-01-01T00:00:00Z'),
      noInvalidDate: true,
    };
    fc.assert(
      fc.property(fc.date(range), fc.integer({ min: -14 * 60, max: 14 * 60 }), (date, offset) => {
        const local = new Date(date.getTime() + offset * 60_000).toISOString().slice(0, 23);
        const sign = offset < 0 ? '-' : '+';
        const two = (value: number): string => String(value).padStart(2, '0');
        const zone = `${sign}${two(Math.floor(Math.abs(offset) / 60))}:${two(Math.abs(offset) % 60)}`;
        for (const text of [`${local}${zone}`, date.toISOString()]) {
          expect(readTime(text)).toBe(`${date.toISOString().slice(0, 19)}Z`);
          expect(readMicroTime(text)).toBe(`${date.toISOString().slice(0, 23)}000Z`);
          expect(readDate(text)).toEqual(date);
        }
      }),
    );
  });

  it.each([
    ['2026-02-29T00:00:00Z'],
    ['2026-04-31T00:00:00Z'],
    ['2026-13-01T00:00:00Z'],
    ['2026-00-10T00:00:00Z'],
    ['2026-01-01T24:00:00Z'],
    ['2026-01-01T00:60:00Z'],
    ['2026-01-01T00:00:60Z'],
    ['2026-01-01T00:00:00'],
    ['2026-01-01 00:00:00Z'],
    ['2026-01-01T00:00:00+25:00'],
    ['9999-12-31T23:59:59-01:00'],
    ['0000-01-01T00:00:00+01:00'],
    ['0001-01-01T00:00:00Z'],
    ['0001-01-01T00:00:00.000000Z'],
    [`2026-01-01T00:00:00.${'0'.repeat(100)}Z`],
    [''],
    [null],
    [undefined],
    [1_700_000_000],
  ])('take %p for no time', (value) => {
    expect([readTime(value), readMicroTime(value), readDate(value)]).toEqual([null, null, undefined]);
  });
});

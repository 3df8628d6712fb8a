import fc from 'fast-check';

import { createByObject, hashKey } from '../../operator/delivery/by-object.ts';

describe('items by object', () => {
  it('are found as those of a plain map are, whatever comes and goes', () => {
    const step = fc.record({ do: fc.constantFrom('set', 'delete', 'clear', 'get'), hash: fc.nat(5) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80, size: 'max' }), (steps) => {
        const items = createByObject<number>();
        const plain = new Map<number, number>();
        for (const [number, { do: what, hash }] of steps.entries()) {
          for (const each of [items, plain]) {
            if (what === 'set') each.set(hash, number);
            else if (what === 'delete') each.delete(hash);
            else if (what === 'clear' && number % 8 === 0) each.clear();
          }
          for (let each = 0; each <= 5; each += 1) expect(items.get(each)).toBe(plain.get(each));
        }
      }),
    );
  });
});

describe('the hash of a key', () => {
  it.each([
    // of the reference: http://www.isthe.com/chongo/src/fnv/test_fnv.c
    ['', 0x811c9dc5],
    ['a', 0xe40c292c],
    ['foobar', 0xbf9cf968],
  ])('of %j is that of FNV-1a without its last bit', (key, hash) => {
    expect(hashKey(key)).toBe(hash >>> 1);
  });

  it('differs for all of many uids', () => {
    const uids = Array.from({ length: 10_000 }, (_, number) => `8a1f6e0c-2f4b-4d57-9c1e-${number}`);
    expect(new Set(uids.map(hashKey)).size).toBe(uids.length);
  });
});

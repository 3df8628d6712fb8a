import fc from 'fast-check';

import {
  longestRequest,
  readRequest,
  requestAnnotation,
  requestNames,
  writeRequest,
} from '../../operator/api/receiver-request.ts';

const at = new Date('2026-01-31T12:00:00.250Z');
const time = fc.date({ min: new Date('2000-01-01'), max: new Date('2100-01-01'), noInvalidDate: true });

test('annotations are named as the documentation has them', () => {
  expect(requestNames.map(requestAnnotation)).toEqual([
    'eventroute.dev/replay',
    'eventroute.dev/retry-dead-letters',
    'eventroute.dev/drop-dead-letters',
    'eventroute.dev/send-test',
  ]);
});

test('what is written is read as it was meant', () => {
  const key = fc.stringMatching(/^[0-9a-f-]{1,40}$/);
  fc.assert(
    fc.property(time, time, fc.uniqueArray(key, { maxLength: 20 }), (requestedAt, since, keys) => {
      const replay = readRequest('replay', writeRequest(requestedAt, `since=${since.toISOString()}`));
      expect(replay).toMatchObject({ requestedAt, since });
      expect(readRequest('retry-dead-letters', writeRequest(requestedAt, ...keys))).toMatchObject({ keys });
    }),
  );
});

test('any text is read as a request, or answered with a sentence that is no longer than it has to be', () => {
  fc.assert(
    fc.property(fc.constantFrom(...requestNames), fc.string({ unit: 'binary' }), (name, text) => {
      const read = readRequest(name, text);
      if (typeof read !== 'string') return;
      expect(read).toContain(`${requestAnnotation(name)} must be TIME`);
      expect(read.length).toBeLessThan(1_000);
    }),
  );
});

test.each([
  ['2026-01-31T12:00:00Z since=30m', '2026-01-31T11:30:00.000Z'],
  ['2026-01-31T12:00:00+01:00 since=2026-01-31T10:00Z', '2026-01-31T10:00:00.000Z'],
  ['  2026-01-31T12:00:00Z\n since=1h30m ', '2026-01-31T10:30:00.000Z'],
])('a replay may be written as %j', (value, since) => {
  expect(readRequest('replay', value)).toMatchObject({ since: new Date(since) });
});

test.each([
  ['2026-01-31T12:00:00Z', 'it has no since='],
  ['2026-01-31T12:00:00Z 30m', 'it has no since='],
  ['2026-01-31T12:00:00Z since=', 'since is nothing'],
  ['2026-01-31T12:00:00Z since=yesterday', 'since is "yesterday"'],
  ['2026-01-31T12:00:00Z since=30m now', 'it goes on after since= with "now"'],
  ['2026-02-31 since=30m', 'it begins with "2026-02-31"'],
  ['2026-13-31T12:00:00Z since=30m', 'it begins with "2026-13-31T12:00:00Z"'],
  ['2026-01-31T12:00:00Z since=99999999999d', 'since is "99999999999d"'],
  [`2026-01-31T12:00:00Z ${'x'.repeat(longestRequest)}`, `it is longer than ${longestRequest} characters`],
])('a replay that reads %.40j is answered with what is wrong', (value, why) => {
  const read = readRequest('replay', value);
  expect(read).toContain(why);
});

test('a name may hold spaces, as some user names do', () => {
  expect(readRequest('send-test', writeRequest(at, 'by=CN=Jane Doe'))).toMatchObject({ by: 'CN=Jane Doe' });
});

import { ageColumn, readColumn, readyColumn, type PrinterColumn } from '../../operator/api/printer-column.ts';

const now = new Date('2026-03-01T12:00:00Z');
const created = (secondsAgo: number) => ({
  metadata: { creationTimestamp: new Date(now.getTime() - secondsAgo * 1_000).toISOString() },
});

// as `kubectl get` prints them
test.each([
  [-5, '0s'],
  [0, '0s'],
  [119, '119s'],
  [120, '2m'],
  [330, '5m30s'],
  [600, '10m'],
  [10_799, '179m'],
  [10_800, '3h'],
  [12_660, '3h31m'],
  [28_800, '8h'],
  [172_799, '47h'],
  [176_400, '2d1h'],
  [691_200, '8d'],
  [63_071_999, '729d'],
  [70_000_000, '2y80d'],
  [300_000_000, '9y'],
])('an object that is %d s old has the age %s', (secondsAgo, text) => {
  expect(readColumn(ageColumn, created(secondsAgo), now)).toBe(text);
});

test('the column Ready finds its condition', () => {
  const conditions = [
    { type: 'Accepted', status: 'True' },
    { type: 'Ready', status: 'False' },
  ];
  expect(readColumn(readyColumn, { status: { conditions } }, now)).toBe('False');
});

test.each([{}, { status: {} }, { status: { conditions: [] } }, { status: { conditions: null } }, null])(
  'the cell of an object that lacks the field is empty: %j',
  (object) => {
    expect(readColumn(readyColumn, object ?? undefined, now)).toBe('');
  },
);

test('a count of zero is shown, a time that is none is called invalid', () => {
  const column: PrinterColumn = { name: 'X', type: 'integer', jsonPath: '.status.count', description: '' };
  expect(readColumn(column, { status: { count: 0 } }, now)).toBe('0');
  expect(readColumn({ ...column, type: 'date' }, { status: { count: 'soon' } }, now)).toBe('<invalid>');
});

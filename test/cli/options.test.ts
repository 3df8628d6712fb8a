import { addressFlag, durationFlag, listFlag } from '../../operator/cli/options.ts';
import { formatTable } from '../../operator/cli/table.ts';
import { eventRouteKind } from '../../operator/api/event-route.ts';

test.each([
  ['127.0.0.1:8080', { host: '127.0.0.1', port: 8080 }],
  [':0', { host: undefined, port: 0 }],
  ['[::1]:9090', { host: '::1', port: 9090 }],
  ['localhost:65535', { host: 'localhost', port: 65_535 }],
])('the address %s is %j', (text, address) => {
  expect(addressFlag('--metrics-address', text)).toEqual(address);
});

test.each(['8080', ':', ':65536', '::1:80', 'a:b', '', ':-1'])(
  'the address %j is refused by its flag',
  (text) => {
    expect(() => addressFlag('--metrics-address', text)).toThrow(
      `--metrics-address must be HOST:PORT or :PORT, not ${text}`,
    );
  },
);

test('a duration is refused by its flag', () => {
  expect(durationFlag('--timeout', '1m')).toBe(60_000);
  expect(() => durationFlag('--timeout', 'soon')).toThrow(
    '--timeout must be a duration such as 30s or 5m, not soon',
  );
});

test('a list is read without its blanks', () => {
  expect(listFlag(' a, b,,c ')).toEqual(['a', 'b', 'c']);
  expect(listFlag('')).toEqual([]);
});

test('a table has the columns of kubectl get, and with wide those of -o wide', () => {
  const object = {
    apiVersion: '',
    kind: 'EventRoute',
    metadata: { namespace: 'shop', name: 'all', creationTimestamp: '2026-03-01T11:59:00Z' },
    status: {
      conditions: [
        { type: 'Ready', status: 'False', reason: 'InvalidPattern', message: 'spec.match[0] is bad' },
      ],
      scope: 'Namespace',
      receiversReady: '0/1',
      matched: 12,
      delivered: 3,
      failed: 0,
      pending: 9,
      dropped: 4,
    },
  };
  const now = new Date('2026-03-01T12:00:00Z');
  expect(formatTable(eventRouteKind, [object], { now }).split('\n')).toEqual([
    'NAMESPACE   NAME             READY   SCOPE       RECEIVERS   MATCHED   DELIVERED   FAILED   PENDING   LAST   AGE',
    'shop        eventroute/all   False   Namespace   0/1         12        3           0        9                60s',
  ]);
  expect(formatTable(eventRouteKind, [object], { now, wide: true })).toMatch(
    /InvalidPattern +spec\.match\[0\] is bad$/,
  );
});

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';

import { findDifferences } from '../../operator/rehearsal/difference.ts';
import { loadTestFile } from '../../operator/rehearsal/loaded-test-file.ts';
import { type FileResult, formatResults, isPassed, junitXml } from '../../operator/rehearsal/test-report.ts';
import { runTests } from '../../operator/rehearsal/test-run.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'eventroute-tests-'));
});
afterEach(() => rm(folder, { recursive: true }));

const object = (kind: string, name: string, spec: unknown, namespace?: string) => ({
  apiVersion: 'eventroute.dev/v1beta1',
  kind,
  metadata: { name, ...(namespace !== undefined && { namespace }) },
  spec,
});
const hook = {
  sink: {
    webhook: {
      endpoint: 'https://hooks.example.com/{{ .Reason }}',
      headers: { 'X-Kind': '{{ .InvolvedObject.Kind }}' },
      layout: { text: '{{ .Message }}', n: 1, at: '{{ .LastTimestamp }}' },
    },
  },
};
const objects = [
  object('EventReceiver', 'oncall', hook),
  object('EventReceiver', 'archive', hook),
  object('EventRoute', 'all', {
    drop: [{ reason: '^Pulled$' }],
    match: [{ type: 'Warning', minCount: 2, receiver: 'oncall' }],
    routes: [{ match: [{ labels: { tier: 'critical' }, receiver: 'archive' }] }],
  }),
];
const pod = (more: object = {}, involved: object = {}) => ({
  type: 'Warning',
  reason: 'BackOff',
  message: 'Back-off',
  involvedObject: { kind: 'Pod', namespace: 'shop', name: 'web-0', ...involved },
  ...more,
});

const load = async (written: unknown) => {
  const file = join(folder, 'a.test.yaml');
  await writeFile(file, typeof written === 'string' ? written : stringify(written));
  return loadTestFile(file);
};
/** Runs one test and gives what went wrong, line by line. */
const run = async (test: object, more: object = {}): Promise<string[]> => {
  const results = await runTests(await load({ objects, ...more, tests: [{ name: 'a', ...test }] }));
  return results[0]!.failures.flat();
};
const problems = async (written: unknown): Promise<string> =>
  load(written).then(
    () => '',
    (error: unknown) => (error as Error).message.replaceAll(/\S*a\.test\.yaml/g, 'FILE'),
  );

describe('a test of routes', () => {
  const crash = { event: pod(), repeat: { times: 3, every: '30s' } };

  test('passes when the receivers get what is expected, at its time and for its occurrence', async () => {
    expect(
      await run({
        events: [crash],
        expect: [
          { receiver: 'oncall', times: 3 },
          { receiver: 'eventroute-system/oncall', at: '30s', occurrence: 2, times: 1, routes: ['all'] },
          { receiver: 'oncall', at: '0s', times: 0 },
          {
            receiver: 'oncall',
            payload: { text: '/^Back/', n: 1 },
            request: {
              method: 'POST',
              url: 'https://hooks.example.com/BackOff',
              headers: { 'x-KIND': 'Pod' },
            },
          },
          { receiver: 'oncall', at: '1m30s', payload: { at: '2026-01-01 00:01:30 +0000 UTC' } },
        ],
        never: ['archive'],
        only: true,
      }),
    ).toEqual([]);
  });

  test('fails with the reason of every rule when a receiver gets nothing', async () => {
    expect(
      await run({
        events: [{ event: pod({ type: 'Normal' }) }],
        expect: [{ receiver: 'oncall' }, { receiver: 'archive' }, { receiver: 'nobody' }],
      }),
    ).toEqual(
      [
        'eventroute-system/oncall got no delivery, expected at least one',
        'eventroute-system/all: spec.match[0]: count is 0 or 1, the rule wants at least 2',
        'eventroute-system/archive got no delivery, expected at least one',
        'eventroute-system/all: spec.routes[0].match[0] was not asked: spec.match[0] did not match',
        'eventroute-system/nobody got no delivery, expected at least one',
        'no rule of these routes names eventroute-system/nobody',
      ].map(
        (line) => expect.stringContaining(line.includes('count is') ? 'spec.match[0]: ' : line) as unknown,
      ),
    );
  });

  test('fails with what came when it came at another time, or another number of times', async () => {
    const failures = await run({
      events: [crash],
      expect: [
        { receiver: 'oncall', at: '15s' },
        { receiver: 'oncall', times: 2 },
      ],
    });
    expect(failures).toEqual([
      'eventroute-system/oncall got no delivery at 15s, expected at least one',
      'it got 3 deliveries: BackOff of Pod/web-0 (occurrence 2) at 30s, BackOff of Pod/web-0 (occurrence 3) at 1m, BackOff of Pod/web-0 (occurrence 4) at 1m30s',
      'eventroute-system/oncall got 3 deliveries, expected 2',
      expect.stringMatching(/^it got 3 deliveries/),
    ]);
  });

  test('fails with a diff when the payload or the request differs', async () => {
    expect(
      await run({
        events: [{ event: pod({ count: 2 }) }],
        expect: [
          {
            receiver: 'oncall',
            payload: { text: 'Back', extra: null, missing: 1 },
            request: { headers: { 'x-kind': 'Node' } },
          },
        ],
      }),
    ).toEqual([
      'eventroute-system/oncall got occurrence 2 at 0s, but not as expected',
      'payload.text',
      '  - "Back"',
      '  + "Back-off"',
      'payload.missing',
      '  - 1',
      '  + nothing',
      'request.headers.x-kind',
      '  - "Node"',
      '  + "Pod"',
    ]);
  });

  test('fails when a receiver gets what it must never get, or what nobody expected', async () => {
    const events = [{ event: pod({ count: 2 }, { labels: { tier: 'critical' } }) }];
    expect(await run({ events, never: ['archive'] })).toEqual([
      'eventroute-system/archive must never get anything, and got 1 delivery: BackOff of Pod/web-0 (occurrence 2) at 0s',
      'sent by EventRoute eventroute-system/all',
    ]);
    expect(await run({ events, expect: [{ receiver: 'oncall' }], only: true })).toEqual([
      expect.stringMatching(
        /^eventroute-system\/archive is not expected to get anything, and got 1 delivery/,
      ),
      'sent by EventRoute eventroute-system/all',
    ]);
  });

  test('knows the labels of an object, unless its look-up failed', async () => {
    const event = pod({ count: 2 }, { labels: { tier: 'critical' } });
    const found = { events: [{ event }], expect: [{ receiver: 'archive' }] };
    const failed = { events: [{ event, lookUp: 'Failed' }], never: ['archive'] };
    expect(await run(found)).toEqual([]);
    expect(await run(failed)).toEqual([]);
  });

  test('knows the labels of a namespace that it names', async () => {
    const more = {
      objects: [
        object('EventReceiver', 'a', hook),
        object('EventRoute', 'r', { match: [{ namespaceLabels: { team: '^a$' }, receiver: 'a' }] }),
        { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop', labels: { team: 'a' } } },
      ],
    };
    expect(await run({ events: [{ event: pod() }], expect: [{ receiver: 'a' }] }, more)).toEqual([]);
    expect(await run({ events: [{ event: pod({}, { namespace: 'other' }) }], never: ['a'] }, more)).toEqual(
      [],
    );
  });

  test('plays recorded Events, and those of events.k8s.io', async () => {
    await writeFile(
      join(folder, 'e.jsonl'),
      `${JSON.stringify({ kind: 'Event', metadata: { namespace: 'shop', uid: 'u' }, ...pod({ count: 2 }) })}\n`,
    );
    const regarding = { kind: 'Pod', namespace: 'shop', name: 'web-1' };
    expect(
      await run({
        events: [
          { file: 'e.jsonl', at: '1m' },
          {
            event: {
              apiVersion: 'events.k8s.io/v1',
              type: 'Warning',
              reason: 'Failed',
              note: 'x',
              regarding,
              series: { count: 2 },
            },
            repeat: { times: 1, every: '1s' },
          },
        ],
        expect: [
          { receiver: 'oncall', at: '1m', times: 1 },
          { receiver: 'oncall', occurrence: 3, at: '1s', payload: { text: 'x' } },
        ],
      }),
    ).toEqual([]);
  });

  test('fails when it says both of an Event, or neither', async () => {
    expect(await run({ events: [{}] })).toEqual(['events[0] needs `event` or `file`, and only one of them']);
  });
});

describe('a file of tests', () => {
  test.each<[string, unknown, RegExp]>([
    [
      'an unknown field',
      { objects, tests: [{ name: 'a', events: [{ event: pod() }], expects: [] }] },
      /^FILE:\d+:\d+: tests\[0\] has `expects`; did you mean `expect`/,
    ],
    ['no tests', { objects, tests: [] }, /^FILE:\d+:1: tests must have at least 1 entries/],
    [
      'a time that is none',
      { objects, start: 'noon', tests: [{ name: 'a', events: [{ event: pod() }] }] },
      /start must be a time such as/,
    ],
    [
      'a duration that is none',
      { objects, tests: [{ name: 'a', events: [{ at: '5', event: pod() }] }] },
      /tests\[0\]\.events\[0\]\.at must be a duration/,
    ],
    [
      'no route',
      { tests: [{ name: 'a', events: [{ event: pod() }] }] },
      /has no EventRoute to test: name its file under `manifests`/,
    ],
    [
      'a route that is refused',
      {
        objects: [object('EventRoute', 'r', { match: [{ reason: '(' }] })],
        tests: [{ name: 'a', events: [{ event: pod() }] }],
      },
      /^FILE:\d+:\d+: EventRoute eventroute-system\/r: spec\.match\[0\]\.reason is not a valid RE2 pattern.*\[InvalidPattern\]$/,
    ],
    [
      'manifests that are missing',
      { manifests: ['none.yaml'], tests: [{ name: 'a', events: [{ event: pod() }] }] },
      /none\.yaml cannot be read: there is no such file/,
    ],
    [
      'Events that are missing',
      { objects, tests: [{ name: 'a', events: [{ file: 'none.jsonl' }] }] },
      /none\.jsonl cannot be read/,
    ],
    ['no YAML', 'tests: [', /^FILE:\d+:\d+: is not valid YAML/],
    ['two documents', 'a: 1\n---\nb: 2\n', /has 2 documents/],
  ])('is refused for %s', async (_, written, expected) => {
    expect(await problems(written)).toMatch(expected);
  });
});

describe('the comparison of payloads', () => {
  test.each<[string, unknown, unknown, number]>([
    ['equal values', { a: [1, 'x', true] }, { a: [1, 'x', true], b: 2 }, 0],
    ['a pattern', '/^a.c$/', 'abc', 0],
    ['a pattern of a number', '/^4/', 42, 0],
    ['a pattern that does not match', '/^b/', 'abc', 1],
    ['a pattern that is none', '/(/', '(', 1],
    ['a list of another length', [1], [1, 2], 1],
    ['a number for a text', '1', 1, 1],
    ['nothing, where nothing is', { a: null }, {}, 0],
    ['something, where nothing should be', { a: null }, { a: 0 }, 1],
    ['an inherited name', { toString: '/function/' }, {}, 1],
  ])('finds for %s what differs', (_, expected, got, count) => {
    expect(findDifferences(expected, got, 'p')).toHaveLength(count);
  });
});

describe('the report', () => {
  const place = { file: 'a.test.yaml', line: 7, column: 3 };
  const files: FileResult[] = [
    {
      file: 'a.test.yaml',
      problems: [],
      durationMs: 12,
      results: [
        { name: 'good', place, failures: [], durationMs: 5 },
        { name: 'bad <&"\u001b', place, failures: [['what', '  - "a"', '  + "<b>"']], durationMs: 7 },
      ],
    },
    { file: 'b.test.yaml', problems: ['b.test.yaml:1:1: is not valid YAML'], durationMs: 1, results: [] },
  ];

  test('names the line of what failed, and counts', () => {
    const text = formatResults(files, (word) => word);
    expect(text).toContain('  ✗ bad <&"\\u001b a.test.yaml:7\n      what\n          - "a"');
    expect(text).toContain('b.test.yaml\n  ✗ b.test.yaml:1:1: is not valid YAML');
    expect(text).toMatch(/2 tests in 2 files: 1 failed, 1 file could not be run, 1 passed$/);
    expect(isPassed(files)).toBe(false);
    expect(isPassed([{ ...files[0]!, results: [files[0]!.results[0]!] }])).toBe(true);
  });

  test('for CI is JUnit’s XML, with nothing in it that XML does not take', () => {
    const xml = junitXml(files);
    expect(xml).toContain('<testsuite name="a.test.yaml" tests="2" failures="1" errors="0" time="0.012">');
    expect(xml).toContain('<testcase name="bad &lt;&amp;&quot;\ufffd" classname="a.test.yaml" time="0.007">');
    expect(xml).toContain(
      '<failure message="what">what\n  - &quot;a&quot;\n  + &quot;&lt;b&gt;&quot;</failure>',
    );
    expect(xml).toContain('<testsuite name="b.test.yaml" tests="1" failures="0" errors="1"');
    expect(xml.match(/<(?!\/|\?)[a-z]+[^>]*[^/]>/g)!.length).toBe(xml.match(/<\/[a-z]+>/g)!.length);
  });
});

describe('a test of throttled routes', () => {
  const throttled = [
    object('EventReceiver', 'oncall', {
      ...hook,
      sink: {
        webhook: { ...hook.sink.webhook, layout: { text: '{{ .Message }}+{{ .FoldedOccurrences }}' } },
      },
      delivery: { buffer: { maxEvents: 4 } },
    }),
    object('EventRoute', 'all', {
      match: [{ reason: 'BackOff', receiver: 'oncall', throttle: { per: '10m' } }],
    }),
  ];
  const flood = { event: pod(), repeat: { times: 4, every: '1m' } };
  const runThrottled = (test: object): Promise<string[]> => run(test, { objects: throttled });

  test('lets time go on until all that was held is sent, with the number that was folded', async () => {
    expect(
      await runThrottled({
        events: [flood],
        expect: [
          { receiver: 'oncall', times: 2 },
          { receiver: 'oncall', at: '0s', occurrence: 1, folded: 0, payload: { text: 'Back-off+0' } },
          { receiver: 'oncall', at: '1m', times: 0 },
          { receiver: 'oncall', at: '10m', occurrence: 5, folded: 3, payload: { text: 'Back-off+3' } },
          { receiver: 'oncall', occurrence: 4, times: 0 },
        ],
      }),
    ).toEqual([]);
  });

  test('begins each test with nothing held', async () => {
    const file = await load({
      objects: throttled,
      tests: ['one', 'other'].map((name) => ({
        name,
        events: [{ event: pod() }],
        expect: [{ receiver: 'oncall', at: '0s', times: 1 }],
      })),
    });
    expect((await runTests(file)).flatMap(({ failures }) => failures)).toEqual([]);
  });

  test('fails with what was folded into a delivery when it is not as expected', async () => {
    expect(
      await runThrottled({
        events: [flood],
        expect: [
          { receiver: 'oncall', at: '10m', folded: 4 },
          { receiver: 'oncall', times: 5 },
        ],
      }),
    ).toEqual([
      'eventroute-system/oncall got occurrence 5 at 10m, but not as expected',
      'folded',
      '  - 4',
      '  + 3',
      'eventroute-system/oncall got 2 deliveries, expected 5',
      'it got 2 deliveries: BackOff of Pod/web-0 (occurrence 1) at 0s, BackOff of Pod/web-0 (occurrence 5, 3 folded into it) at 10m',
    ]);
  });

  test('holds no more than the buffer of the receiver lets it', async () => {
    const pods = ['a', 'b', 'c'].map((name) => ({ ...flood, event: pod({}, { name, uid: name }) }));
    expect(
      await runThrottled({
        events: pods,
        expect: [
          { receiver: 'oncall', at: '0s', times: 3 },
          { receiver: 'oncall', at: '1m', occurrence: 2, times: 1 },
        ],
      }),
    ).toEqual([]);
  });

  test('throttles nothing for a rule that sends to the same receiver without a throttle', async () => {
    const more = object('EventRoute', 'more', { match: [{ type: 'Warning', receiver: 'oncall' }] });
    const shadow = object('EventRoute', 'shadow', { mode: 'Shadow', match: [{ receiver: 'oncall' }] });
    const test = (times: number) => ({ events: [flood], expect: [{ receiver: 'oncall', times }] });
    expect(await run(test(5), { objects: [...throttled, more] })).toEqual([]);
    expect(await run(test(2), { objects: [...throttled, shadow] })).toEqual([]);
  });
});

import { type createEnrichment } from '../../operator/source/enrichment.ts';
import { createIntake } from '../../operator/source/intake.ts';
import { createFakeClock } from '../fake-clock.ts';
import { createRecordingLog } from '../kube/recording-log.ts';
import { convert, told } from './convert.ts';

const options = async (text: string) => (await convert(text)).options;

describe('the options of an exporter file (reference 1.4)', () => {
  test('has the defaults of the exporter when nothing is set', async () => {
    const conversion = await convert('');
    expect(conversion.options).toEqual({
      logLevel: 'info',
      logFormat: 'text',
      maxEventAgeSeconds: 5,
      clusterName: '',
      namespace: '',
      leaderElection: { enabled: false, leaderElectionID: 'kubernetes-event-exporter' },
      kubeQPS: 5,
      kubeBurst: 10,
      cacheSize: 1024,
      omitLookup: false,
      metricsNamePrefix: '',
      reportUpdates: undefined,
    });
    expect(told(conversion, 'error', 'warning')).toEqual([]);
  });

  test('reads every key', async () => {
    const text = `logLevel: warn
logFormat: json
maxEventAgeSeconds: 123
clusterName: blue
namespace: shop
leaderElection: {enabled: true, leaderElectionID: mine}
kubeQPS: 2.5
kubeBurst: 7
metricsNamePrefix: event_exporter_
omitLookup: true
cacheSize: 5
reportUpdates: true
`;
    const conversion = await convert(text);
    expect(conversion.options).toEqual({
      logLevel: 'warn',
      logFormat: 'json',
      maxEventAgeSeconds: 123,
      clusterName: 'blue',
      namespace: 'shop',
      leaderElection: { enabled: true, leaderElectionID: 'mine' },
      kubeQPS: 2.5,
      kubeBurst: 7,
      cacheSize: 5,
      omitLookup: true,
      metricsNamePrefix: 'event_exporter_',
      reportUpdates: true,
    });
    expect(told(conversion, 'error', 'warning')).toEqual([]);
  });

  test.each([
    ['throttlePeriod: 123', 123, 'advice', /:1: throttlePeriod is the old name/],
    ['trottlePeriod: 7', 7, 'warning', /:1: trottlePeriod is a misspelling .* maxEventAgeSeconds: 7/],
    ['maxEventAgeSeconds: 9\ntrottlePeriod: 7', 9, 'warning', /:2: trottlePeriod is a misspelling/],
    ['maxEventAgeSeconds: 1.9', 1, 'warning', /:1: maxEventAgeSeconds is cut to 1/],
    ['maxEventAgeSeconds: "60"', 60, 'warning', /in quotes, which the exporter refuses/],
  ] as const)('takes %j as %d seconds, and says so', async (text, seconds, severity, message) => {
    const conversion = await convert(text);
    expect(conversion.options.maxEventAgeSeconds).toBe(seconds);
    const about = told(conversion, severity).filter((line) => /Period|maxEventAge/.test(line));
    expect(about).toEqual([expect.stringMatching(message) as string]);
  });

  test.each([
    ['maxEventAgeSeconds: 0', 5],
    ['maxEventAgeSeconds: -1', -1],
    ['maxEventAgeSeconds: 0x10', 16],
    ['maxEventAgeSeconds: ~', 5],
  ])('takes %j as %d seconds', async (text, seconds) => {
    expect((await options(text)).maxEventAgeSeconds).toBe(seconds);
  });

  test.each([
    ['maxEventAgeSeconds: 123\nthrottlePeriod: 321', /:2: throttlePeriod is set beside maxEventAgeSeconds/],
    ['x: 1\nlogLevel: {{info}}', /:2: logLevel begins with \{\{ and has no quotes/],
    ['logLevel: WARN', /:1: logLevel must be trace, debug/],
    ['logLevel: warning', /:1: logLevel must be/],
    ['logLevel: "{{info}}"', /:1: logLevel must be/],
    ['logFormat: JSON', /:1: logFormat must be pretty or json/],
    ['cacheSize: -1', /:1: cacheSize must not be negative/],
    ['maxEventAgeSeconds: soon', /:1: maxEventAgeSeconds must be a number, not `soon`/],
    ['omitLookup: maybe', /:1: omitLookup must be true or false, not `maybe`/],
    ['- route', /:1: must be a map/],
  ])('refuses %j', async (text, message) => {
    await expect(convert(text)).rejects.toThrow(message);
  });

  test.each([
    'kubernetes_event_exporter_',
    'test_',
    'test_test_',
    'test::test_test_',
    'TEST::test_test_',
    'test_test::1234_test_',
  ])('takes the prefix %s', async (prefix) => {
    expect((await options(`metricsNamePrefix: "${prefix}"`)).metricsNamePrefix).toBe(prefix);
  });

  test.each(['no_tracing_underscore', '__reserved_', '::wrong_', '13245_test_'])(
    'refuses the prefix %s',
    async (prefix) => {
      await expect(convert(`metricsNamePrefix: "${prefix}"`)).rejects.toThrow(/metricsNamePrefix must begin/);
    },
  );

  test('takes a quoted text with braces literally', async () => {
    expect((await options('clusterName: "{{info}}"')).clusterName).toBe('{{info}}');
  });

  test('tells unknown keys with the one that may be meant, and unknown keys inside', async () => {
    const conversion = await convert('logLvl: info\nleaderElection:\n  enable: true\n');
    expect(told(conversion, 'warning')).toEqual([
      expect.stringMatching(/:1: logLvl is not known .*did you mean `logLevel`\?/) as string,
      expect.stringMatching(/:3: leaderElection\.enable is not known .*did you mean `enabled`\?/) as string,
    ]);
  });

  test('reads environment variables as the exporter does, octal numbers included', async () => {
    const conversion = await convert('clusterName: $CLUSTER\nmaxEventAgeSeconds: ${AGE}', {
      environment: { CLUSTER: '0042', AGE: '30' },
    });
    expect(conversion.options).toMatchObject({ clusterName: '34', maxEventAgeSeconds: 30 });
  });

  test('leaves numbers whose variable is not set at their default', async () => {
    for (const purpose of ['process', 'manifests'] as const) {
      const { options } = await convert('maxEventAgeSeconds: ${AGE}\nomitLookup: $OMIT', { purpose });
      expect(options).toMatchObject({ maxEventAgeSeconds: 5, omitLookup: false });
    }
  });
});

describe('the age of events (reference 3.2)', () => {
  const startMs = Date.parse('2026-01-01T12:00:00Z');
  const minuteMs = 60_000;

  const arrive = async (ageOf: 'last' | 'eventTime' | 'both', sinceStartMs: number) => {
    const { options } = await convert('maxEventAgeSeconds: 300');
    const clock = createFakeClock(new Date(startMs));
    const log = createRecordingLog();
    const taken: unknown[] = [];
    const dropped: string[] = [];
    const intake = createIntake({
      maxEventAgeMs: options.maxEventAgeSeconds * 1_000,
      enrichment: { enrich: () => ({}) } as unknown as ReturnType<typeof createEnrichment>,
      clock,
      log,
      metrics: { eventReceived: () => undefined, eventDiscarded: (reason) => void dropped.push(reason) },
      onOccurrence: (occurrence) => void taken.push(occurrence),
    });
    await clock.advance(10 * minuteMs);
    const time = new Date(startMs + sinceStartMs).toISOString();
    await intake.take({
      metadata: { uid: 'u', name: 'n', namespace: 'shop' },
      ...(ageOf !== 'eventTime' && { lastTimestamp: time.replace('.000', '') }),
      ...(ageOf !== 'last' && { eventTime: time.replace('.000Z', '.000000Z') }),
    });
    await intake.drain();
    const warnings = log.lines.filter(({ level }) => level === 'warn').length;
    return { taken: taken.length, dropped, warnings };
  };

  test.each(['last', 'eventTime', 'both'] as const)(
    'by %s: before the start, it is left out silently',
    async (by) => {
      expect(await arrive(by, -3 * minuteMs)).toEqual({ taken: 0, dropped: ['BeforeStart'], warnings: 0 });
    },
  );

  test.each(['last', 'eventTime', 'both'] as const)('by %s: two minutes old, it is taken', async (by) => {
    expect(await arrive(by, 8 * minuteMs)).toEqual({ taken: 1, dropped: [], warnings: 0 });
  });

  test.each(['last', 'eventTime', 'both'] as const)(
    'by %s: seven minutes old, it is left out with a warning',
    async (by) => {
      expect(await arrive(by, 3 * minuteMs)).toEqual({ taken: 0, dropped: ['TooOld'], warnings: 1 });
    },
  );
});

import { formatDuration, parseDuration } from '../schema/duration.ts';
import { type Place } from '../manifest/source-text.ts';
import { type Difference, findDifferences } from './difference.ts';
import { type LoadedTestFile } from './loaded-test-file.ts';
import { namespaceOf, occurrenceOf } from './rehearsed-event.ts';
import { createPlayback, type PlayedDelivery as Delivery, type TimedOccurrence } from './playback.ts';
import { createRehearsal, type Rehearsal } from './rehearsal.ts';
import { simulateEvents, SimulationError } from './simulated-events.ts';
import { type Expectation, type TestCase } from './test-file-fields.ts';
import { whyNotReached } from './why-not-reached.ts';

/** What went wrong in a test, in lines; the first says what, the others why. */
export type Failure = readonly string[];

/** How a test ended. */
export interface TestResult {
  readonly name: string;
  readonly place: Place;
  readonly failures: readonly Failure[];
  readonly durationMs: number;
}

/** Runs the tests of a file, each by itself. */
export async function runTests(file: LoadedTestFile): Promise<TestResult[]> {
  const rehearsal = createRehearsal(file.lint, file.rootNamespace);
  const results: TestResult[] = [];
  for (const [index, test] of file.written.tests.entries()) {
    const startedMs = performance.now();
    const failures = await new Run(test, file, rehearsal).failures();
    const place = file.locate(`tests[${index}]`);
    results.push({ name: test.name, place, failures, durationMs: performance.now() - startedMs });
  }
  await rehearsal.close();
  return results;
}

class Run {
  readonly #test: TestCase;
  readonly #file: LoadedTestFile;
  readonly #rehearsal: Rehearsal;

  constructor(test: TestCase, file: LoadedTestFile, rehearsal: Rehearsal) {
    this.#test = test;
    this.#file = file;
    this.#rehearsal = rehearsal;
  }

  async failures(): Promise<Failure[]> {
    try {
      const occurrences = await this.#play();
      const deliveries = this.#deliver(occurrences);
      return [
        ...(await this.#judgeExpected(deliveries, occurrences)),
        ...this.#judgeNever(deliveries),
        ...this.#judgeOthers(deliveries),
      ];
    } catch (thrown) {
      if (thrown instanceof SimulationError) return [[thrown.message]];
      throw thrown;
    }
  }

  async #play(): Promise<TimedOccurrence[]> {
    const { surroundings } = this.#file;
    const played: TimedOccurrence[] = [];
    for (const event of simulateEvents(this.#test.events, this.#file)) {
      const namespace = namespaceOf(event);
      const known = await surroundings.namespaceLabels(namespace);
      // a namespace that the test says nothing of has the one label that every namespace has
      const labels = known === 'unknown' ? { 'kubernetes.io/metadata.name': namespace } : known;
      played.push({ occurrence: occurrenceOf(event, labels), atMs: event.atMs });
    }
    return played;
  }

  #deliver(occurrences: readonly TimedOccurrence[]): readonly Delivery[] {
    const playback = createPlayback(this.#rehearsal);
    for (const timed of occurrences) playback.play(timed);
    return playback.finish();
  }

  async #judgeExpected(
    deliveries: readonly Delivery[],
    occurrences: readonly TimedOccurrence[],
  ): Promise<Failure[]> {
    const failures: Failure[] = [];
    for (const expectation of this.#test.expect ?? []) {
      const receiver = this.#key(expectation.receiver);
      const all = deliveries.filter((delivery) => delivery.receiver === receiver);
      const selected = all.filter((delivery) => isSelected(delivery, expectation));
      const { times } = expectation;
      if (times === undefined ? selected.length === 0 : selected.length !== times) {
        const why =
          all.length === 0
            ? whyNotReached(
                receiver,
                occurrences.map(({ occurrence }) => this.#rehearsal.explain(occurrence)),
              )
            : [`it got ${describeAll(all)}`];
        failures.push([
          `${receiver} got ${amount(selected.length)}${describeSelection(expectation)}, expected ${times ?? 'at least one'}`,
          ...why,
        ]);
        continue;
      }
      for (const delivery of selected) failures.push(...(await this.#judgeDelivery(delivery, expectation)));
    }
    return failures;
  }

  async #judgeDelivery(delivery: Delivery, expectation: Expectation): Promise<Failure[]> {
    const found = [
      ...this.#judgeRoutes(delivery, expectation),
      ...judgeFolded(delivery, expectation),
      ...(await this.#judgePayload(delivery, expectation)),
    ];
    if (found.length === 0) return [];
    const { receiver, occurrence, atMs } = delivery;
    const head = `${receiver} got occurrence ${occurrence.number} at ${timeText(atMs)}, but not as expected`;
    return [[head, ...found]];
  }

  #judgeRoutes({ routes }: Delivery, expectation: Expectation): string[] {
    if (expectation.routes === undefined) return [];
    const [expected, got] = [expectation.routes.map((route) => this.#key(route)).sort(), [...routes].sort()];
    return lines(findDifferences(expected, got, 'routes'));
  }

  async #judgePayload(delivery: Delivery, { payload, request }: Expectation): Promise<string[]> {
    if (payload === undefined && request === undefined) return [];
    const rendered = await this.#rehearsal.render(delivery.occurrence, delivery);
    if ('failure' in rendered) return [`it cannot be rendered: ${rendered.failure}`];
    const { headers, ...rest } = request ?? {};
    return lines([
      ...(payload === undefined ? [] : findDifferences(payload, rendered.payload, 'payload')),
      ...(request === undefined ? [] : findDifferences(rest, rendered.request, 'request')),
      ...(headers === undefined
        ? []
        : findDifferences(lowerKeys(headers), lowerKeys(rendered.request?.headers), 'request.headers')),
    ]);
  }

  #judgeNever(deliveries: readonly Delivery[]): Failure[] {
    return (this.#test.never ?? []).flatMap((written) => {
      const receiver = this.#key(written);
      return refuse(
        deliveries.filter((delivery) => delivery.receiver === receiver),
        'must never get anything',
      );
    });
  }

  #judgeOthers(deliveries: readonly Delivery[]): Failure[] {
    if (this.#test.only !== true) return [];
    const expected = new Set((this.#test.expect ?? []).map(({ receiver }) => this.#key(receiver)));
    const others = deliveries.filter(({ receiver }) => !expected.has(receiver));
    return [...Map.groupBy(others, ({ receiver }) => receiver).values()].flatMap((some) =>
      refuse(some, 'is not expected to get anything'),
    );
  }

  #key(written: string): string {
    return written.includes('/') ? written : `${this.#file.namespace}/${written}`;
  }
}

function isSelected({ atMs, occurrence }: Delivery, expectation: Expectation): boolean {
  if (expectation.at !== undefined && parseDuration(expectation.at) !== atMs) return false;
  return expectation.occurrence === undefined || expectation.occurrence === occurrence.number;
}

function judgeFolded({ folded }: Delivery, expectation: Expectation): string[] {
  return expectation.folded === undefined ? [] : lines(findDifferences(expectation.folded, folded, 'folded'));
}

function refuse(deliveries: readonly Delivery[], rule: string): Failure[] {
  const [first] = deliveries;
  if (first === undefined) return [];
  const senders = new Set(deliveries.flatMap(({ routes }) => routes));
  return [
    [
      `${first.receiver} ${rule}, and got ${describeAll(deliveries)}`,
      `sent by EventRoute ${[...senders].join(', ')}`,
    ],
  ];
}

const maxTold = 5;

function describeAll(deliveries: readonly Delivery[]): string {
  const told = deliveries.slice(0, maxTold).map(({ occurrence, atMs, folded }) => {
    const { event, number } = occurrence;
    const { kind, name } = event.involvedObject;
    const others = folded === 0 ? '' : `, ${folded} folded into it`;
    return `${event.reason} of ${kind}/${name} (occurrence ${number}${others}) at ${timeText(atMs)}`;
  });
  const rest = deliveries.length - told.length;
  return `${amount(deliveries.length)}: ${told.join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
}

function describeSelection({ at, occurrence }: Expectation): string {
  const parts = [
    ...(occurrence === undefined ? [] : [` of occurrence ${occurrence}`]),
    ...(at === undefined ? [] : [` at ${at}`]),
  ];
  return parts.join('');
}

function amount(count: number): string {
  return count === 0 ? 'no delivery' : `${count} ${count === 1 ? 'delivery' : 'deliveries'}`;
}

function timeText(ms: number): string {
  return ms === 0 ? '0s' : formatDuration(ms);
}

function lines(differences: readonly Difference[]): string[] {
  return differences.flatMap(({ path, expected, got }) => [path, `  - ${expected}`, `  + ${got}`]);
}

function lowerKeys(record: Readonly<Record<string, string>> | undefined): Record<string, string> | undefined {
  if (record === undefined) return undefined;
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key.toLowerCase(), value]));
}

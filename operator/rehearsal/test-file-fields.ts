import { type Static, Type } from '@sinclair/typebox';

import { durationPattern } from '../schema/duration.ts';
import { OneOf, Text } from '../schema/fields.ts';

/** Declares a duration that stays the text that was written. */
function durationText(description: string, examples: readonly string[]) {
  return Text({ description, examples, pattern: durationPattern, 'x-eventroute-noun': 'duration' });
}

function anyObject(description: string, examples: readonly unknown[] = []) {
  return Type.Unsafe<Readonly<Record<string, unknown>>>({ type: 'object', description, examples });
}

const receiverKey = (description: string) =>
  Text({ description, minLength: 1, examples: ['oncall', 'payments/oncall'] });

const eventEntry = Type.Object(
  {
    at: Type.Optional(
      durationText('When it happens, from the start of the test. Without it, at the start.', ['0s', '5m']),
    ),
    event: Type.Optional(
      anyObject(
        'The Event, as kubectl shows it or as little of it as the test needs: a core/v1 Event, one of events.k8s.io/v1, or the ' +
          'document of the exporter. Labels, annotations and owners of its object are written into `involvedObject`.',
        [
          {
            type: 'Warning',
            reason: 'BackOff',
            involvedObject: { kind: 'Pod', namespace: 'shop', name: 'web-0', labels: { tier: 'critical' } },
          },
        ],
      ),
    ),
    file: Type.Optional(
      Text({
        description:
          'Recorded Events instead of `event`, relative to this file: what `kubectl get events -o json` or `-w` gives. ' +
          'All of them happen at `at`, in their order.',
        minLength: 1,
        examples: ['events.jsonl'],
      }),
    ),
    repeat: Type.Optional(
      Type.Object(
        {
          times: Type.Integer({
            minimum: 1,
            maximum: 10_000,
            description:
              'How often it happens again after the first time; each time raises its count by one.',
            examples: [4],
          }),
          every: durationText('The time from one occurrence to the next.', ['30s']),
        },
        {
          description:
            'The Event happens again, as the API server shows it: the same Event with a higher count.',
        },
      ),
    ),
    lookUp: Type.Optional(
      OneOf(['Found', 'Failed'], {
        description:
          'Failed: the involved object could not be looked up, so that its labels, annotations and owners are not known.',
        default: 'Found',
      }),
    ),
  },
  { description: 'An Event, or the Events of a file, at a time of the test.' },
);

const expectation = Type.Object(
  {
    receiver: receiverKey(
      'The EventReceiver that gets something: `name`, in the default namespace, or `namespace/name`.',
    ),
    at: Type.Optional(durationText('Only what it gets at this time counts.', ['30s'])),
    occurrence: Type.Optional(
      Type.Integer({
        minimum: 1,
        description: 'Only what it gets of this occurrence (the count of the Event) counts.',
        examples: [3],
      }),
    ),
    times: Type.Optional(
      Type.Integer({
        minimum: 0,
        description: 'How many deliveries there are, exactly. Without it, at least one.',
        examples: [1],
      }),
    ),
    folded: Type.Optional(
      Type.Integer({
        minimum: 0,
        description:
          'How many other events the `throttle` of a rule folded into each of these deliveries, which come when its time is over.',
        examples: [3],
      }),
    ),
    routes: Type.Optional(
      Type.Array(Text({ description: 'An EventRoute, as `name` or `namespace/name`.', minLength: 1 }), {
        description: 'The EventRoutes that send each of these deliveries, all of them.',
      }),
    ),
    payload: Type.Optional(
      Type.Unsafe<unknown>({
        description:
          'Parts of what is sent, in every one of these deliveries. Of a map, the named keys; of a list, as many entries, in order; ' +
          'a text is the whole text, or `/pattern/` (RE2, unanchored); null means that it is not there.',
        examples: [{ text: '/Back-off/' }],
      }),
    ),
    request: Type.Optional(
      Type.Object(
        {
          method: Type.Optional(Text({ description: 'The method.', examples: ['POST'] })),
          url: Type.Optional(
            Text({
              description: 'The URL, without secrets; also `/pattern/`.',
              examples: ['/\\/v1\\/shop$/'],
            }),
          ),
          headers: Type.Optional(
            Type.Record(Type.String(), Text({ description: 'The value of the header; also `/pattern/`.' }), {
              description: 'Headers by their names, in any case. What authenticates is `***`.',
            }),
          ),
        },
        { description: 'Parts of the request, for receivers that send HTTP.' },
      ),
    ),
  },
  { description: 'What a receiver gets.' },
);

const testCase = Type.Object(
  {
    name: Text({
      description: 'What the routes promise, in a sentence.',
      minLength: 1,
      examples: ['a critical Pod that crashes wakes somebody up'],
    }),
    events: Type.Array(eventEntry, { minItems: 1, description: 'What happens.' }),
    expect: Type.Optional(Type.Array(expectation, { description: 'What has to be delivered.' })),
    never: Type.Optional(
      Type.Array(receiverKey('An EventReceiver that must not get anything.'), {
        description: 'The receivers that must not get any of these Events.',
      }),
    ),
    only: Type.Optional(
      Type.Boolean({
        description: 'No receiver gets anything but those in `expect`.',
        default: false,
      }),
    ),
  },
  { description: 'One promise of the routes.' },
);

/** A file of unit tests of routes, as a user writes it. */
export const testFileFields = Type.Object(
  {
    manifests: Type.Optional(
      Type.Array(Text({ description: 'A file or folder, relative to this file.', minLength: 1 }), {
        description:
          'Where the EventRoutes and EventReceivers are; Secrets and Namespaces too, where rules ask for them.',
        examples: [['../route.yaml', '../receivers.yaml']],
      }),
    ),
    objects: Type.Optional(
      Type.Array(anyObject('A manifest.'), { description: 'Manifests that are written down here.' }),
    ),
    rootNamespace: Type.Optional(
      Text({
        description: 'The namespace whose routes see the whole cluster.',
        default: 'eventroute-system',
        minLength: 1,
      }),
    ),
    namespace: Type.Optional(
      Text({
        description: 'The namespace of objects and receivers that name none. Without it, the root namespace.',
        minLength: 1,
      }),
    ),
    allowLocalSinks: Type.Optional(
      Type.Array(Text({ description: 'A namespace.' }), {
        description: "Namespaces besides the root that may write to the operator's own machine.",
      }),
    ),
    start: Type.Optional(
      Text({
        description: 'When the tests begin (RFC 3339); Events without times of their own get theirs from it.',
        default: '2026-01-01T00:00:00Z',
      }),
    ),
    tests: Type.Array(testCase, { minItems: 1, description: 'The tests. None knows of another.' }),
  },
  { description: 'Unit tests of EventRoutes, run by `eventroute test`.' },
);

/** A file of unit tests. */
export type TestFile = Static<typeof testFileFields>;

/** One test of a file. */
export type TestCase = Static<typeof testCase>;

/** An Event of a test. */
export type EventEntry = Static<typeof eventEntry>;

/** What a test expects of a receiver. */
export type Expectation = Static<typeof expectation>;

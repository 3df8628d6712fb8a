import fc from 'fast-check';

import { createClusterEvent } from '../../operator/event/core-event.ts';
import { exporterJson } from '../../operator/event/exporter-json.ts';
import { createOccurrence } from '../../operator/event/occurrence.ts';
import { objectKey } from '../../operator/event/object-key.ts';
import { isOwnEvent, ownReportingController } from '../../operator/event/own-event.ts';

const core = {
  metadata: { uid: 'u1', name: 'web.17', namespace: 'shop', resourceVersion: '812' },
  involvedObject: { kind: 'Pod', namespace: 'shop', name: 'web-0', uid: 'p1' },
  reason: 'BackOff',
  source: { component: 'kubelet', host: 'node-1' },
  count: 3,
};

describe('createClusterEvent', () => {
  it('reads the fields of an Event', () => {
    const event = createClusterEvent(
      {
        ...core,
        message: 'm',
        type: 'Warning',
        action: 'Kill',
        reportingComponent: 'c/r',
        reportingInstance: 'i',
      },
      { clusterName: 'prod', namespaceLabels: { team: 'a' } },
    );

    expect(event).toMatchObject({
      uid: 'u1',
      namespace: 'shop',
      name: 'web.17',
      resourceVersion: '812',
      reason: 'BackOff',
      message: 'm',
      type: 'Warning',
      action: 'Kill',
      count: 3,
      component: 'kubelet',
      host: 'node-1',
      reportingController: 'c/r',
      reportingInstance: 'i',
      namespaceLabels: { team: 'a' },
      clusterName: 'prod',
    });
    expect(event.involvedObject).toMatchObject({ kind: 'Pod', uid: 'p1', deleted: false, labels: undefined });
  });

  it('takes the count of the series when the Event has no count of its own', () => {
    expect(createClusterEvent({ series: { count: 4 } }).count).toBe(4);
    expect(createClusterEvent({ count: 2, series: { count: 4 } }).count).toBe(2);
  });

  it('tells an object that was not looked up from one without labels', () => {
    const object = { labels: {}, annotations: {}, ownerReferences: [], deleted: true };

    expect(createClusterEvent(core).involvedObject.labels).toBeUndefined();
    expect(createClusterEvent(core, { object }).involvedObject).toMatchObject({ labels: {}, deleted: true });
    expect(createClusterEvent(core, { object: 'notFound' }).involvedObject).toMatchObject({
      labels: undefined,
      deleted: true,
    });
  });

  it('counts a value of the wrong type as absent', () => {
    const event = createClusterEvent({
      metadata: 'none',
      involvedObject: [1],
      source: null,
      reason: { a: 1 },
      count: '7',
      series: 3,
      firstTimestamp: 12,
      lastTimestamp: '2026-02-31T00:00:00Z',
      eventTime: 'soon',
    });

    expect(exporterJson(event)).toBe(
      '{"metadata":{"creationTimestamp":null},"source":{},"firstTimestamp":null,"lastTimestamp":null,' +
        '"eventTime":null,"reportingComponent":"","reportingInstance":"","clusterName":"",' +
        '"involvedObject":{"deleted":false}}',
    );
    expect(event.occurrenceNumber).toBe(1);
    expect(event.occurrenceTime).toEqual(new Date(0));
  });

  it('turns numbers and booleans, which people write in YAML, into text', () => {
    const event = createClusterEvent({
      message: 404,
      metadata: { labels: { version: 1.5, on: true, no: null } },
    });

    expect(event.message).toBe('404');
    expect(event.data.metadata).toMatchObject({ labels: { version: '1.5', on: 'true' } });
  });

  it('keeps a key that JavaScript treats specially', () => {
    const event = createClusterEvent(
      JSON.parse('{"metadata":{"labels":{"__proto__":"x"}}}') as object as never,
    );

    expect(exporterJson(event)).toContain('"labels":{"__proto__":"x"}');
  });

  it('never throws, whatever an Event looks like', () => {
    const keys = [
      'metadata',
      'involvedObject',
      'source',
      'series',
      'related',
      'count',
      'eventTime',
      'labels',
      'annotations',
      'ownerReferences',
      'finalizers',
      'deletionTimestamp',
    ];
    const value = fc.letrec((tie) => ({
      node: fc.oneof(
        { maxDepth: 4 },
        fc.constantFrom(null, true, -1, 1e30, '', 'x', '2026-11-22T14:00:01Z'),
        fc.array(tie('node'), { maxLength: 3 }),
        fc.dictionary(fc.oneof(fc.constantFrom(...keys), fc.string()), tie('node'), { maxKeys: 6 }),
      ),
    })).node;

    fc.assert(
      fc.property(value, (anything) => {
        const occurrence = createOccurrence(createClusterEvent(anything as Record<string, unknown>));
        expect(() => void JSON.parse(exporterJson(occurrence.event))).not.toThrow();
        expect(objectKey(occurrence.event)).toEqual(expect.any(String));
        expect(occurrence.number).toBeGreaterThanOrEqual(1);
        expect(Number.isNaN(occurrence.time.getTime())).toBe(false);
      }),
    );
  });
});

describe('createOccurrence', () => {
  it('keys an occurrence by uid and number', () => {
    const { key, number, position } = createOccurrence(createClusterEvent({ ...core, series: { count: 9 } }));

    expect({ key, number, position }).toEqual({ key: 'u1-9', number: 9, position: '812' });
  });

  it('takes the first time there is, the last observation first', () => {
    const times = {
      series: { count: 2, lastObservedTime: '2026-11-22T14:00:05.123456Z' },
      lastTimestamp: '2026-11-22T14:00:04Z',
      eventTime: '2026-11-22T14:00:03.000000Z',
      firstTimestamp: '2026-11-22T14:00:02Z',
      metadata: { creationTimestamp: '2026-11-22T14:00:01Z' },
    };
    const seen: string[] = [];
    const left: Record<string, unknown> = { ...times };
    for (const field of Object.keys(times)) {
      seen.push(createOccurrence(createClusterEvent(left)).time.toISOString().slice(17));
      left[field] = null;
    }

    expect(seen).toEqual(['05.123Z', '04.000Z', '03.000Z', '02.000Z', '01.000Z']);
  });

  it('keys Events without a uid by their name, and without a name by their content', () => {
    const keyOf = (event: Record<string, unknown>): string => createOccurrence(createClusterEvent(event)).key;

    expect(keyOf({ metadata: { name: 'a' }, message: 'x' })).toBe(
      keyOf({ metadata: { name: 'a' }, message: 'y' }),
    );
    expect(keyOf({ message: 'x' })).toBe(keyOf({ message: 'x' }));
    expect(keyOf({ message: 'x' })).not.toBe(keyOf({ message: 'y' }));
    expect(keyOf({})).toMatch(/^[0-9a-f]{32}-1$/);
  });
});

describe('objectKey', () => {
  it('prefers the uid of the involved object', () => {
    const named = { kind: 'Node', name: 'node-1' };

    expect(objectKey(createClusterEvent(core))).toBe('p1');
    expect(objectKey(createClusterEvent({ involvedObject: named }))).toBe('Node//node-1');
  });
});

describe('isOwnEvent', () => {
  it('recognises the Events that the operator wrote', () => {
    expect(isOwnEvent(createClusterEvent({ reportingComponent: ownReportingController }))).toBe(true);
    expect(isOwnEvent(createClusterEvent({ reportingComponent: `${ownReportingController}s` }))).toBe(false);
  });
});

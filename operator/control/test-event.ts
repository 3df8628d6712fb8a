import { createClusterEvent } from '../event/core-event.ts';
import { derivedUid } from '../event/derived-uid.ts';
import { createOccurrence } from '../event/occurrence.ts';
import { ownReportingController } from '../event/own-event.ts';
import { type SinkEvent } from '../sink-kit/index.ts';
import { timestamp } from '../status/condition.ts';
import { type ErrandContext } from './errand.ts';

const longestName = 200;

/**
 * Makes the event by which a receiver is tested. It is about the EventReceiver itself; the same request makes one with the
 * same key, so that a restart in between sends no second one to a system that tells repeats apart.
 */
export function createTestEvent(
  { receiver, key, request }: Pick<ErrandContext, 'receiver' | 'key' | 'request'>,
  clusterName: string,
): SinkEvent {
  const { apiVersion, kind, metadata } = receiver.object;
  const { namespace, name, uid = '', labels = {} } = metadata;
  const time = timestamp(request.requestedAt);
  const id = derivedUid(`${uid} ${key} ${request.requestedAt.toISOString()}`);
  const asker = (request.by ?? '').replaceAll(/[\p{Cc}\p{Cf}]/gu, '').slice(0, longestName);
  const who = asker === '' ? '' : ` by ${asker}`;
  const core = {
    metadata: { name: `${name}.test-${id.slice(0, 8)}`, namespace, uid: id, creationTimestamp: time },
    involvedObject: { apiVersion, kind, namespace, name, uid },
    reason: 'Test',
    message: `Test of the EventReceiver ${key}, asked for${who} at ${time}: whoever reads this gets its events`,
    type: 'Normal',
    count: 1,
    firstTimestamp: time,
    lastTimestamp: time,
    source: { component: 'eventroute' },
    reportingComponent: ownReportingController,
  };
  // kubectl keeps the whole manifest in an annotation: those stay here
  const object = { labels, annotations: {}, ownerReferences: [], deleted: false };
  const occurrence = createOccurrence(createClusterEvent(core, { clusterName, object }));
  return { ...occurrence, receiver: key, routes: [], requested: 'test' };
}

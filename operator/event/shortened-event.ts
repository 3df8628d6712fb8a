import { type ClusterEvent } from './cluster-event.ts';

/**
 * Gives an Event with only the first `length` UTF-16 units of its message, which then says how much was cut. Everything
 * else stays as it is.
 */
export function shortenMessage(event: ClusterEvent, length: number): ClusterEvent {
  const { uid, namespace, name, resourceVersion, reason, type, action, count, component, host } = event;
  const { reportingController, reportingInstance, involvedObject, namespaceLabels, clusterName } = event;
  const kept = event.message.slice(0, length).replace(/[\ud800-\udbff]$/, '');
  const message = `${kept}… [${event.message.length - kept.length} of ${event.message.length} characters cut]`;
  return {
    ...{ uid, namespace, name, resourceVersion, reason, message, type, action, count, component, host },
    ...{ reportingController, reportingInstance, involvedObject, namespaceLabels, clusterName },
    data: { ...event.data, message },
  };
}

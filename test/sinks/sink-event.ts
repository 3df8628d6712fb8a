import { createClusterEvent } from '../../operator/event/core-event.ts';
import { createOccurrence } from '../../operator/event/occurrence.ts';
import { type Outgoing, type Sink, type SinkContext, type SinkEvent } from '../../operator/sink-kit/index.ts';

/** Makes an event for a sink out of fields of a core/v1 Event. */
export function sinkEvent(fields: Record<string, unknown> = {}): SinkEvent {
  const core = {
    metadata: { name: 'web-1.17', namespace: 'shop', uid: 'uid-1', resourceVersion: '7' },
    involvedObject: { kind: 'Pod', namespace: 'shop', name: 'web-1', uid: 'pod-1', apiVersion: 'v1' },
    reason: 'BackOff',
    message: 'Back-off restarting failed container',
    type: 'Warning',
    count: 3,
    source: { component: 'kubelet', host: 'node-7' },
    firstTimestamp: '2026-03-01T10:00:00Z',
    lastTimestamp: '2026-03-01T10:20:30Z',
    ...fields,
  };
  return {
    ...createOccurrence(createClusterEvent(core, { clusterName: 'prod' })),
    receiver: 'shop/archive',
    routes: ['shop/all'],
  };
}

/** Makes an event whose line of JSON can be told from others. */
export function numberedEvent(number: number, message = `message ${number}`): SinkEvent {
  return sinkEvent({
    metadata: { name: `event-${number}`, namespace: 'shop', uid: `uid-${number}` },
    message,
  });
}

/** What a test lends to a sink; `warnings` collects what the sink reports. */
export function sinkContext(overrides: Partial<SinkContext> = {}): SinkContext & { warnings: string[] } {
  const warnings: string[] = [];
  return {
    signal: new AbortController().signal,
    warn: (message) => void warnings.push(message),
    warnings,
    ...overrides,
  };
}

/** Encodes events as delivery does before it sends them. */
export function outgoing<Payload>(sink: Sink<Payload>, events: readonly SinkEvent[]): Outgoing<Payload>[] {
  return events.map((event) => ({ event, payload: sink.encode(event).payload }));
}

/** A signal that does not abort within a test. */
export const noAbort = new AbortController().signal;

/** The reason of a signal that aborts because time is up. */
export function timeoutError(): Error {
  return Object.assign(new Error('The operation was aborted due to timeout'), { name: 'TimeoutError' });
}

/** Matches an error by some of its properties; jest types its asymmetric matchers as any. */
export function matching(properties: Record<string, unknown>): Error {
  return expect.objectContaining(properties) as Error;
}

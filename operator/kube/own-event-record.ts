import { type KubeObject } from './kube-object.ts';

/** Which object an Event is about. */
export interface ObjectReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace?: string;
  readonly name: string;
  readonly uid?: string | undefined;
  readonly resourceVersion?: string | undefined;
}

/** What to tell about an object. */
export interface OwnEvent {
  readonly object: ObjectReference;
  readonly type: 'Normal' | 'Warning';
  /** In UpperCamelCase. */
  readonly reason: string;
  readonly action?: string;
  readonly message: string;
}

// The API server takes no longer one.
const maxMessageLength = 1024;

const seconds = (date: Date): string => date.toISOString().replace(/\.\d+Z$/, 'Z');

/** Makes a core/v1 Event. */
export function newEvent(
  { object, type, reason, action, message }: OwnEvent,
  made: {
    readonly name: string;
    readonly now: Date;
    readonly reportingController: string;
    readonly reportingInstance: string;
  },
): KubeObject & Readonly<Record<string, unknown>> {
  const { apiVersion, kind, namespace, name, uid, resourceVersion } = object;
  return {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: made.name, namespace: namespace ?? 'default' },
    involvedObject: { apiVersion, kind, namespace, name, uid, resourceVersion },
    type,
    reason,
    message: message.slice(0, maxMessageLength),
    ...(action !== undefined && { action }),
    source: { component: 'eventroute', host: made.reportingInstance },
    reportingComponent: made.reportingController,
    reportingInstance: made.reportingInstance,
    firstTimestamp: seconds(made.now),
    lastTimestamp: seconds(made.now),
    count: 1,
  };
}

/** Makes the merge patch that tells of a repeat. */
export function repeatedEvent(count: number, now: Date): Readonly<Record<string, unknown>> {
  return { count, lastTimestamp: seconds(now) };
}

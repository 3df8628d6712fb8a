import { type GoField, type GoMethod, type GoStructType, type GoType } from '../schema/go-type.ts';
import { metadataFields, ownerReference } from './go-metadata.ts';
import { timestampIso8601, timestampMs } from './go-timestamp.ts';
import { deDot } from './de-dot.ts';

const text = { kind: 'string' } as const;
const uid = { kind: 'string', name: 'types.UID' } as const;
const int32 = { kind: 'int32' } as const;
const time = { kind: 'time', name: 'v1.Time' } as const;
const microTime = { kind: 'time', name: 'v1.MicroTime' } as const;
const textMap = { kind: 'map', of: text } as const;

const optional = (name: string, json: string, type: GoType = text): GoField => ({
  name,
  json,
  type,
  omitEmpty: true,
});

const objectReference: GoStructType = {
  kind: 'struct',
  name: 'v1.ObjectReference',
  stringer: ['Kind', 'Namespace', 'Name', 'UID', 'APIVersion', 'ResourceVersion', 'FieldPath'],
  fields: [
    optional('Kind', 'kind'),
    optional('Namespace', 'namespace'),
    optional('Name', 'name'),
    optional('UID', 'uid', uid),
    optional('APIVersion', 'apiVersion'),
    optional('ResourceVersion', 'resourceVersion'),
    optional('FieldPath', 'fieldPath'),
  ],
};

const eventSource: GoStructType = {
  kind: 'struct',
  name: 'v1.EventSource',
  stringer: ['Component', 'Host'],
  fields: [optional('Component', 'component'), optional('Host', 'host')],
};

const eventSeries: GoStructType = {
  kind: 'struct',
  name: 'v1.EventSeries',
  stringer: ['Count', 'LastObservedTime'],
  fields: [
    optional('Count', 'count', int32),
    { name: 'LastObservedTime', json: 'lastObservedTime', type: microTime },
  ],
};

const eventFields: readonly GoField[] = [
  { name: 'InvolvedObject', json: 'involvedObject', type: objectReference },
  optional('Reason', 'reason'),
  optional('Message', 'message'),
  { name: 'Source', json: 'source', type: eventSource },
  { name: 'FirstTimestamp', json: 'firstTimestamp', type: time },
  { name: 'LastTimestamp', json: 'lastTimestamp', type: time },
  optional('Count', 'count', int32),
  optional('Type', 'type'),
  { name: 'EventTime', json: 'eventTime', type: microTime },
  optional('Series', 'series', { kind: 'pointer', to: eventSeries }),
  optional('Action', 'action'),
  optional('Related', 'related', { kind: 'pointer', to: objectReference }),
  { name: 'ReportingController', json: 'reportingComponent', type: text },
  { name: 'ReportingInstance', json: 'reportingInstance', type: text },
];

const coreEvent: GoStructType = {
  kind: 'struct',
  name: 'v1.Event',
  stringer: ['ObjectMeta', ...eventFields.map(({ name }) => name)],
  fields: [...metadataFields, ...eventFields],
};
const enhancedReference: GoStructType = {
  kind: 'struct',
  name: 'kube.EnhancedObjectReference',
  fields: [
    { name: 'ObjectReference', json: '', type: objectReference, embedded: true, inline: true },
    optional('Labels', 'labels', textMap),
    optional('Annotations', 'annotations', textMap),
    optional('OwnerReferences', 'ownerReferences', { kind: 'slice', of: ownerReference }),
    { name: 'Deleted', json: 'deleted', type: { kind: 'bool' } },
  ],
};

// a value and no pointer, so that `.DeadLetter.Reason` is empty on an ordinary event instead of an error
const deadLetter: GoStructType = {
  kind: 'struct',
  name: 'eventroute.DeadLetter',
  fields: [
    { name: 'Reason', json: 'reason', type: text },
    { name: 'Message', json: 'message', type: text },
    { name: 'Attempts', json: 'attempts', type: { kind: 'int' } },
    { name: 'FirstTime', json: 'firstTime', type: time },
    { name: 'LastTime', json: 'lastTime', type: time },
    { name: 'Receiver', json: 'receiver', type: text },
  ],
};

const hidden = (name: string, json: string, type: GoType): GoField => ({ name, json, type, hidden: true });

const fields: readonly GoField[] = [
  { name: 'Event', json: '', type: coreEvent, embedded: true, inline: true },
  { name: 'ClusterName', json: 'clusterName', type: text },
  { name: 'InvolvedObject', json: 'involvedObject', type: enhancedReference },
  // Ours, which the exporter has not.
  hidden('Occurrence', 'occurrence', { kind: 'int' }),
  hidden('MissedOccurrences', 'missedOccurrences', { kind: 'int' }),
  hidden('FoldedOccurrences', 'foldedOccurrences', { kind: 'int' }),
  hidden('IdempotencyKey', 'idempotencyKey', text),
  hidden('EffectiveTime', 'effectiveTime', time),
  hidden('Routes', 'routes', { kind: 'slice', of: text }),
  hidden('Receiver', 'receiver', text),
  hidden('DeadLetter', 'deadLetter', deadLetter),
];

const methods: GoMethod[] = [
  { name: 'GetTimestampMs', result: { kind: 'int64' }, call: timestampMs },
  { name: 'GetTimestampISO8601', result: text, call: timestampIso8601 },
  { name: 'ToJSON', result: { kind: 'slice', of: { kind: 'uint8' } }, call: (_event, encode) => encode() },
];

/** The struct behind `.` in templates and layouts; a method gives it again, hence the late addition. */
const enhancedEvent: GoStructType = {
  kind: 'struct',
  name: 'kube.EnhancedEvent',
  fields,
  methods,
};
methods.push({ name: 'DeDot', onValue: true, result: enhancedEvent, call: deDot });

/** What `.` is in templates and layouts: the exporter's event (exporter-behaviour 4.2), and our own fields with it. */
export const goEvent: GoType = { kind: 'pointer', to: enhancedEvent };

import { type InvolvedObject } from './cluster-event.ts';
import {
  isRecord,
  type JsonRecord,
  readInt32,
  readInteger,
  readRecord,
  readText,
  readTextMap,
} from './json-value.ts';
import { readOwnerReferences } from './object-metadata.ts';
import { readMicroTime, readTime } from './rfc3339.ts';

type Document = Record<string, unknown>;

/** The fields of a core/v1 ObjectReference, in Go's order. */
const referenceFields = [
  'kind',
  'namespace',
  'name',
  'uid',
  'apiVersion',
  'resourceVersion',
  'fieldPath',
] as const;

/**
 * Builds the exporter's document of an Event: its `EnhancedEvent` (corev1.Event of k8s.io/api 0.26.7, `clusterName`,
 * the enriched `involvedObject`) with the keys in Go's order and Go's rules for empty values, so that writing it as
 * JSON gives the exporter's text. Values of the wrong type count as absent.
 */
export function buildExporterDocument(
  core: JsonRecord,
  involvedObject: InvolvedObject,
  clusterName: string,
): Document {
  const document: Document = { metadata: buildMetadata(readRecord(core.metadata)) };
  addTexts(document, core, ['reason', 'message']);
  document.source = addTexts({}, readRecord(core.source), ['component', 'host']);
  document.firstTimestamp = readTime(core.firstTimestamp);
  document.lastTimestamp = readTime(core.lastTimestamp);
  const count = readInt32(core.count);
  if (count !== 0) document.count = count;
  addTexts(document, core, ['type']);
  document.eventTime = readMicroTime(core.eventTime);
  if (isRecord(core.series)) document.series = buildSeries(core.series);
  addTexts(document, core, ['action']);
  if (isRecord(core.related)) document.related = addTexts({}, core.related, referenceFields);
  document.reportingComponent = readText(core.reportingComponent);
  document.reportingInstance = readText(core.reportingInstance);
  document.clusterName = clusterName;
  document.involvedObject = buildInvolvedObject(involvedObject);
  return document;
}

function buildMetadata(metadata: JsonRecord): Document {
  const document: Document = {};
  addTexts(document, metadata, ['name', 'generateName', 'namespace', 'selfLink', 'uid', 'resourceVersion']);
  const generation = readInteger(metadata.generation);
  if (generation !== undefined && generation !== 0) document.generation = generation;
  document.creationTimestamp = readTime(metadata.creationTimestamp);
  // A pointer in Go: an absent one is left out, where creationTimestamp, a value, is written as null.
  if (typeof metadata.deletionTimestamp === 'string') {
    document.deletionTimestamp = readTime(metadata.deletionTimestamp);
  }
  const grace = readInteger(metadata.deletionGracePeriodSeconds);
  if (grace !== undefined) document.deletionGracePeriodSeconds = grace;
  addMap(document, 'labels', readTextMap(metadata.labels));
  addMap(document, 'annotations', readTextMap(metadata.annotations));
  addList(document, 'ownerReferences', readOwnerReferences(metadata.ownerReferences));
  addList(document, 'finalizers', readTexts(metadata.finalizers));
  return document;
}

function buildSeries(series: JsonRecord): Document {
  const count = readInt32(series.count);
  return {
    ...(count !== 0 && { count }),
    lastObservedTime: readMicroTime(series.lastObservedTime),
  };
}

function buildInvolvedObject(object: InvolvedObject): Document {
  const document: Document = {};
  for (const field of referenceFields) if (object[field] !== '') document[field] = object[field];
  addMap(document, 'labels', object.labels);
  addMap(document, 'annotations', object.annotations);
  addList(document, 'ownerReferences', object.ownerReferences);
  document.deleted = object.deleted;
  return document;
}

function addTexts(document: Document, from: JsonRecord, fields: readonly string[]): Document {
  for (const field of fields) {
    const text = readText(from[field]);
    if (text !== '') document[field] = text;
  }
  return document;
}

function addMap(document: Document, field: string, map: Readonly<Record<string, string>> | undefined): void {
  if (map !== undefined && Object.keys(map).length > 0) document[field] = map;
}

function addList(document: Document, field: string, list: readonly unknown[]): void {
  if (list.length > 0) document[field] = list;
}

function readTexts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((text) => typeof text === 'string') : [];
}

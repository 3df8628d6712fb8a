import { Environment } from '@marcbachmann/cel-js';

/** The longest expression that is taken, in characters. */
export const maxExpressionLength = 2_048;

const ownerReference = {
  apiVersion: 'string',
  kind: 'string',
  name: 'string',
  uid: 'string',
  controller: 'bool',
  blockOwnerDeletion: 'bool',
};

const metadata = {
  name: 'string',
  generateName: 'string',
  namespace: 'string',
  uid: 'string',
  resourceVersion: 'string',
  creationTimestamp: 'string',
  labels: 'map<string, string>',
  annotations: 'map<string, string>',
};

const reference = {
  kind: 'string',
  namespace: 'string',
  name: 'string',
  uid: 'string',
  apiVersion: 'string',
  resourceVersion: 'string',
  fieldPath: 'string',
};

/** The Event's document as expressions see it: the exporter's JSON, so a misspelt field is found before the first event. */
const eventSchema = {
  metadata,
  reason: 'string',
  message: 'string',
  source: { component: 'string', host: 'string' },
  firstTimestamp: 'string',
  lastTimestamp: 'string',
  count: 'int',
  type: 'string',
  eventTime: 'string',
  series: { count: 'int', lastObservedTime: 'string' },
  action: 'string',
  related: reference,
  reportingComponent: 'string',
  reportingInstance: 'string',
  clusterName: 'string',
  involvedObject: {
    ...reference,
    labels: 'map<string, string>',
    annotations: 'map<string, string>',
    ownerReferences: 'list<OwnerReference>',
    deleted: 'bool',
  },
};

/** Parses and type-checks only: evaluation is our own, because this library's has neither a cost limit nor a safe `matches`. */
export const environment = new Environment({
  limits: { maxAstNodes: 400, maxDepth: 32, maxListElements: 200, maxCallArguments: 3 },
})
  .registerType({ name: 'OwnerReference', schema: ownerReference })
  .registerVariable({ name: 'event', schema: eventSchema });

import { type GoField, type GoMethod, type GoStructType } from '../schema/go-type.ts';

const text = { kind: 'string' } as const;
const uid = { kind: 'string', name: 'types.UID' } as const;
const int64 = { kind: 'int64' } as const;
const bool = { kind: 'bool' } as const;
const time = { kind: 'time', name: 'v1.Time' } as const;
const textMap = { kind: 'map', of: text } as const;
const textSlice = { kind: 'slice', of: text } as const;

/** A metav1.OwnerReference. */
export const ownerReference: GoStructType = {
  kind: 'struct',
  name: 'v1.OwnerReference',
  stringer: ['Kind', 'Name', 'UID', 'APIVersion', 'Controller', 'BlockOwnerDeletion'],
  fields: [
    { name: 'APIVersion', json: 'apiVersion', type: text },
    { name: 'Kind', json: 'kind', type: text },
    { name: 'Name', json: 'name', type: text },
    { name: 'UID', json: 'uid', type: uid },
    { name: 'Controller', json: 'controller', type: { kind: 'pointer', to: bool }, omitEmpty: true },
    {
      name: 'BlockOwnerDeletion',
      json: 'blockOwnerDeletion',
      type: { kind: 'pointer', to: bool },
      omitEmpty: true,
    },
  ],
};

const typeMeta: GoStructType = {
  kind: 'struct',
  name: 'v1.TypeMeta',
  stringer: ['Kind', 'APIVersion'],
  fields: [
    { name: 'Kind', json: 'kind', type: text, omitEmpty: true },
    { name: 'APIVersion', json: 'apiVersion', type: text, omitEmpty: true },
  ],
};

const metadataMembers: readonly GoField[] = [
  { name: 'Name', json: 'name', type: text, omitEmpty: true },
  { name: 'GenerateName', json: 'generateName', type: text, omitEmpty: true },
  { name: 'Namespace', json: 'namespace', type: text, omitEmpty: true },
  { name: 'SelfLink', json: 'selfLink', type: text, omitEmpty: true },
  { name: 'UID', json: 'uid', type: uid, omitEmpty: true },
  { name: 'ResourceVersion', json: 'resourceVersion', type: text, omitEmpty: true },
  { name: 'Generation', json: 'generation', type: int64, omitEmpty: true },
  { name: 'CreationTimestamp', json: 'creationTimestamp', type: time },
  {
    name: 'DeletionTimestamp',
    json: 'deletionTimestamp',
    type: { kind: 'pointer', to: time },
    omitEmpty: true,
  },
  {
    name: 'DeletionGracePeriodSeconds',
    json: 'deletionGracePeriodSeconds',
    type: { kind: 'pointer', to: int64 },
    omitEmpty: true,
  },
  { name: 'Labels', json: 'labels', type: textMap, omitEmpty: true },
  { name: 'Annotations', json: 'annotations', type: textMap, omitEmpty: true },
  {
    name: 'OwnerReferences',
    json: 'ownerReferences',
    type: { kind: 'slice', of: ownerReference },
    omitEmpty: true,
  },
  { name: 'Finalizers', json: 'finalizers', type: textSlice, omitEmpty: true },
  {
    name: 'ManagedFields',
    json: 'managedFields',
    type: { kind: 'slice', of: { kind: 'any' } },
    omitEmpty: true,
  },
];

/** The getters that Kubernetes gives every object: `GetName`, `GetLabels` and so on. */
const getters: readonly GoMethod[] = metadataMembers
  .filter(({ name }) => name !== 'ManagedFields')
  .map(({ name, json, type }) => ({ name: `Get${name}`, result: type, call: (metadata) => metadata[json] }));

const objectMeta: GoStructType = {
  kind: 'struct',
  name: 'v1.ObjectMeta',
  stringer: metadataMembers.map(({ name }) => name),
  fields: metadataMembers,
  methods: getters,
};

/** What every object of Kubernetes embeds. An informer leaves kind and apiVersion empty. */
export const metadataFields: readonly GoField[] = [
  { name: 'TypeMeta', json: '', type: typeMeta, embedded: true, inline: true },
  { name: 'ObjectMeta', json: 'metadata', type: objectMeta, embedded: true },
];

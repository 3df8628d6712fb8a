import { type SearchDocument, withTimestamp } from './search-document.ts';
import { type BulkItem } from './search-failure.ts';

/** How a document is written into its index. */
export interface ActionStyle {
  /** The mapping type that old servers want. */
  readonly mappingType: string | undefined;
  /** The index turned out to be a data stream. */
  readonly isStream: boolean;
}

/**
 * Writes the two lines of a document. A document of its own is only ever created, so that what was sent twice is stored
 * once. One that repeats renew carries the number of the occurrence as its version: an older one that comes late
 * does not win.
 */
export function actionLines(
  document: SearchDocument,
  { mappingType, isStream }: ActionStyle,
): [string, string] {
  const { index, id, version, pipeline, source, timestamp, key } = document;
  const target = {
    _index: index,
    ...(mappingType !== undefined && { _type: mappingType }),
    ...(pipeline !== '' && { pipeline }),
  };
  if (isStream) {
    // Data streams take documents, and no newer versions of them.
    const own = version === undefined ? id : key;
    return [
      JSON.stringify({ create: { ...target, ...(own !== undefined && { _id: own }) } }),
      timestamp === undefined ? source : withTimestamp(source, timestamp),
    ];
  }
  if (version === undefined) {
    return [JSON.stringify({ create: { ...target, ...(id !== undefined && { _id: id }) } }), source];
  }
  return [JSON.stringify({ index: { ...target, _id: id, version, version_type: 'external_gte' } }), source];
}

/** Tells whether an action failed because its index is a data stream and it was not written as one for such. */
export function lacksStreamForm(
  { status, _index = '', error = {} }: BulkItem,
  document: SearchDocument,
): boolean {
  if (status !== 400) return false;
  if (document.version !== undefined && (error.reason ?? '').includes('op_type of create')) return true;
  return _index.startsWith('.ds-') && document.timestamp !== undefined && isAboutTimestamp(error);
}

function isAboutTimestamp({ reason = '', caused_by: cause }: NonNullable<BulkItem['error']>): boolean {
  return reason.includes('@timestamp') || (cause?.reason ?? '').includes('@timestamp');
}

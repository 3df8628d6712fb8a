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
  const { id, version, source, timestamp, key } = document;
  if (isStream) {
    // Data streams take documents, and no newer versions of them.
    const own = version === undefined ? id : key;
    const line = actionLine('create', document, { mappingType, id: own });
    return [line, timestamp === undefined ? source : withTimestamp(source, timestamp)];
  }
  if (version === undefined) return [actionLine('create', document, { mappingType, id }), source];
  const renewal = `,"version":${version},"version_type":"external_gte"`;
  return [actionLine('index', document, { mappingType, id, renewal }), source];
}

/** Writes the line itself; a literal text, as one is written for every event. */
function actionLine(
  operation: 'create' | 'index',
  { index, pipeline }: SearchDocument,
  {
    mappingType,
    id,
    renewal = '',
  }: { mappingType: string | undefined; id: string | undefined; renewal?: string },
): string {
  const type = mappingType === undefined ? '' : `,"_type":${JSON.stringify(mappingType)}`;
  const through = pipeline === '' ? '' : `,"pipeline":${JSON.stringify(pipeline)}`;
  const own = id === undefined ? '' : `,"_id":${JSON.stringify(id)}`;
  return `{"${operation}":{"_index":${JSON.stringify(index)}${type}${through}${own}${renewal}}}`;
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

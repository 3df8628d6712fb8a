import { readRecord, sortKeys } from './json-value.ts';

type Document = Readonly<Record<string, unknown>>;

/**
 * Copies an event's document with underscores for the dots in the keys of its labels and annotations and those of the
 * involved object, as the exporter's `deDot` does. Of keys that become equal, the last in order wins.
 */
export function deDot(data: Document): Document {
  return {
    ...data,
    metadata: deDotMaps(readRecord(data.metadata)),
    involvedObject: deDotMaps(readRecord(data.involvedObject)),
  };
}

function deDotMaps(object: Document): Document {
  const copy: Record<string, unknown> = { ...object };
  for (const field of ['labels', 'annotations']) {
    if (copy[field] !== undefined) copy[field] = deDotKeys(readRecord(copy[field]));
  }
  return copy;
}

function deDotKeys(map: Document): Document {
  const entries = new Map(sortKeys(Object.keys(map)).map((key) => [key.replaceAll('.', '_'), map[key]]));
  return Object.fromEntries(sortKeys([...entries.keys()]).map((key) => [key, entries.get(key)]));
}

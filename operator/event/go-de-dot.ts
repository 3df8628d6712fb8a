type Data = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Data =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Replaces dots in the keys of a map; of keys that become one, the last in byte order stays. */
function deDotKeys(map: unknown): unknown {
  if (!isObject(map)) return map;
  const keys = Object.keys(map).sort();
  return Object.fromEntries(keys.map((key) => [key.replaceAll('.', '_'), map[key]]));
}

function deDotMember(data: Data, key: string): Data {
  const member = data[key];
  if (!isObject(member)) return data;
  const changed: Record<string, unknown> = { ...member };
  for (const name of ['labels', 'annotations']) {
    if (Object.hasOwn(member, name)) changed[name] = deDotKeys(member[name]);
  }
  return { ...data, [key]: changed };
}

/** The exporter's DeDot: labels and annotations of the Event and of its object without dots in their keys; a copy. */
export const deDotEvent = (data: Data): Data => deDotMember(deDotMember(data, 'metadata'), 'involvedObject');

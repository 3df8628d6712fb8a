import { fixedZone, utc, type Zone } from './go-time.ts';
import { zoneNames } from './zone-names.ts';

/** A zone's abbreviations by its offsets in seconds. */
type Abbreviations = ReadonlyMap<number, string>;

const byName = new Map<string, string>();
for (const [abbreviations, names] of Object.entries(zoneNames)) {
  for (const name of names.split(' ')) byName.set(name, abbreviations);
}

const known = new Map<string, Zone>();

function readAbbreviations(text: string): Abbreviations {
  const pairs = text === '' ? [] : text.split(',').map((pair) => pair.split(' '));
  return new Map(pairs.map(([name = '', offset]) => [Number(offset), name]));
}

const two = (value: number): string => String(value).padStart(2, '0');

/** A zone without letters is called by its offset: `+03`, `+0545`. */
function offsetName(offsetSeconds: number): string {
  const size = Math.abs(offsetSeconds);
  const minutes = Math.floor((size % 3600) / 60);
  return `${offsetSeconds < 0 ? '-' : '+'}${two(Math.floor(size / 3600))}${minutes === 0 ? '' : two(minutes)}`;
}

/** Reads an offset such as `GMT+05:30`. */
function readOffset(text: string): number {
  const match = /GMT([+-])(\d\d):(\d\d)(?::(\d\d))?/.exec(text);
  if (match === null) return 0;
  const [, sign, hours, minutes, seconds = 0] = match;
  return (Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)) * (sign === '-' ? -1 : 1);
}

function namedZone(name: string, abbreviations: Abbreviations): Zone {
  const format = new Intl.DateTimeFormat('en-US', { timeZone: name, timeZoneName: 'longOffset' });
  return {
    name,
    at(seconds) {
      const offsetSeconds = readOffset(format.format(seconds * 1000));
      return { offsetSeconds, abbreviation: abbreviations.get(offsetSeconds) ?? offsetName(offsetSeconds) };
    },
  };
}

function makeZone(name: string): Zone | undefined {
  const abbreviations = byName.get(name);
  if (abbreviations === undefined) return undefined;
  try {
    return namedZone(name, readAbbreviations(abbreviations));
  } catch {
    // The engine's zone data may lack a name that Go's has: of one offset, the abbreviation tells it.
    const [only, ...others] = readAbbreviations(abbreviations);
    return only === undefined || others.length > 0 ? undefined : fixedZone(only[0], only[1]);
  }
}

/** Finds a zone by the name that Go knows it by; the clock's own zone is UTC here. */
export function findZone(name: string): Zone | undefined {
  if (name === '' || name === 'UTC' || name === 'Local') return utc;
  const found = known.get(name) ?? makeZone(name);
  if (found !== undefined) known.set(name, found);
  return found;
}

const maxLength = 63;

/** Gives each name of the exporter's, which may be any text, a name that Kubernetes takes and nobody else has. */
export interface ObjectNames {
  take(written: string): string;
}

/** Creates the names of one kind of object. */
export function createObjectNames(): ObjectNames {
  const taken = new Set<string>();
  return {
    take(written) {
      const name = toObjectName(written);
      let unique = name;
      for (let number = 2; taken.has(unique); number += 1) {
        const suffix = `-${number}`;
        unique = `${name.slice(0, maxLength - suffix.length)}${suffix}`;
      }
      taken.add(unique);
      return unique;
    },
  };
}

/** Writes a text as an RFC 1123 label: `My Team's #alerts` is `my-team-s-alerts`. */
function toObjectName(written: string): string {
  const label = written
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, maxLength)
    .replace(/^-+/, '')
    .replace(/-+$/, '');
  return label === '' ? 'receiver' : label;
}

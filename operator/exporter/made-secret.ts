/** What a key of a Secret holds: a text, or the content of a file. */
export type SecretValue = { readonly text: string } | { readonly file: string };

/** A Secret that takes credentials out of an exporter's file. */
export interface MadeSecret {
  readonly name: string;
  readonly values: ReadonlyMap<string, SecretValue>;
}

/** Collects the credentials of one receiver, in Secrets that are named after it. */
export interface SecretMaker {
  readonly secrets: readonly MadeSecret[];
  /** Puts a value into one of the receiver's Secrets; gives its name. */
  put(of: SecretPurpose, key: string, value: SecretValue): string;
}

/** Headers and TLS want Secrets of their own, since all keys of those are used. */
export type SecretPurpose = 'credentials' | 'headers' | 'tls';

/** Creates the Secrets of a receiver; there are none before something is put in. */
export function createSecretMaker(receiver: string): SecretMaker {
  const made = new Map<string, Map<string, SecretValue>>();
  return {
    get secrets() {
      return [...made].map(([name, values]) => ({ name, values }));
    },
    put(of, key, value) {
      const name = `eventroute-${receiver}${of === 'credentials' ? '' : `-${of}`}`;
      const values = made.get(name) ?? new Map<string, SecretValue>();
      made.set(name, values.set(key, value));
      return name;
    },
  };
}

/** The keys of a Secret with their values; a file that cannot be read gives a text that says so. */
export function secretData(
  { values }: MadeSecret,
  readFile: (path: string) => string | undefined,
  onUnreadable: (path: string) => void = () => undefined,
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    [...values].map(([key, value]) => {
      if ('text' in value) return [key, value.text];
      const content = readFile(value.file);
      if (content === undefined) onUnreadable(value.file);
      return [key, content ?? `REPLACE THIS by the content of ${value.file}`];
    }),
  );
}

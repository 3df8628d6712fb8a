import { keyText, type CustomResource, type ObjectKey } from '../api/resource.ts';
import { type SecretData } from '../control/world.ts';
import { type ManifestSet } from '../manifest/manifest-set.ts';
import { decodeSecret } from '../manifest/secret-data.ts';

/** What lies outside of the files. `unknown` is what cannot be told; undefined what is known not to be there. */
export interface Surroundings {
  /** What to do to have more checked where something is `unknown`. */
  readonly remedy: string;
  /** What to do about something that is missing. */
  readonly remedyOfMissing: string;
  secret(key: ObjectKey): Promise<SecretData | 'unknown' | undefined>;
  receiver(key: ObjectKey): Promise<CustomResource | 'unknown' | undefined>;
  namespaceLabels(namespace: string): Promise<Readonly<Record<string, string>> | 'unknown'>;
}

/** Nothing is known beyond the files. A receiver that they lack counts as missing: it is what most slips end in. */
export const offline: Surroundings = {
  remedy: 'give its file too, or ask the cluster with --cluster',
  remedyOfMissing: 'give its file too, or ask the cluster with --cluster',
  secret: () => Promise.resolve('unknown'),
  receiver: () => Promise.resolve(undefined),
  namespaceLabels: () => Promise.resolve('unknown'),
};

/** Looks into the files first, then around them; each thing outside is asked for once. */
export function surround(
  { receivers, secrets, namespaces }: ManifestSet,
  outside: Surroundings,
): Surroundings {
  const inFiles = {
    receivers: new Map(receivers.map(({ key, value }) => [keyText(key), value])),
    secrets: new Map(secrets.map(({ key, value }) => [keyText(key), decodeSecret(value)])),
    labels: new Map(namespaces.map(({ key, value }) => [key.name, value.metadata.labels ?? {}])),
  };
  const asked = {
    secret: remember((text) => outside.secret(keyOf(text))),
    receiver: remember((text) => outside.receiver(keyOf(text))),
    labels: remember((namespace) => outside.namespaceLabels(namespace)),
  };
  return {
    remedy: outside.remedy,
    remedyOfMissing: outside.remedyOfMissing,
    async secret(key) {
      return inFiles.secrets.get(keyText(key)) ?? (await asked.secret(keyText(key)));
    },
    async receiver(key) {
      return inFiles.receivers.get(keyText(key)) ?? (await asked.receiver(keyText(key)));
    },
    async namespaceLabels(namespace) {
      const written = inFiles.labels.get(namespace);
      // the API server adds this label to every namespace
      if (written !== undefined) return { ...written, 'kubernetes.io/metadata.name': namespace };
      return await asked.labels(namespace);
    },
  };
}

function keyOf(text: string): ObjectKey {
  const [namespace = '', name = ''] = text.split('/');
  return { namespace, name };
}

function remember<T>(ask: (key: string) => Promise<T>): (key: string) => Promise<T> {
  const answers = new Map<string, Promise<T>>();
  return (key) => {
    const answer = answers.get(key) ?? ask(key);
    answers.set(key, answer);
    return answer;
  };
}

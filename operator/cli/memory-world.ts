import { keyText, type CustomResource } from '../api/resource.ts';
import { type World } from '../control/world.ts';
import { type Log } from '../telemetry/log.ts';
import { decodeSecret } from '../manifest/secret-data.ts';
import { type Manifests } from './manifest.ts';

/** The world of `eventroute local`: Secrets and namespaces out of manifests, statuses kept in memory. */
export interface MemoryWorld extends World {
  /** The last status that was written to an object. */
  status(object: CustomResource): unknown;
}

/** Creates a world from manifests; what it tells users goes to the log. */
export function createMemoryWorld(manifests: Manifests, log: Log): MemoryWorld {
  const secrets = new Map(
    manifests.secrets.map((secret) => [keyText(secret.metadata), decodeSecret(secret)]),
  );
  const labels = new Map(manifests.namespaces.map(({ metadata }) => [metadata.name, metadata.labels ?? {}]));
  const statuses = new Map<string, unknown>();
  const id = ({ kind, metadata }: CustomResource): string => `${kind} ${keyText(metadata)}`;
  return {
    secret: (key) => Promise.resolve(secrets.get(keyText(key))),
    namespaceLabels: (namespace) =>
      Promise.resolve({ ...labels.get(namespace), 'kubernetes.io/metadata.name': namespace }),
    writeStatus(object, status) {
      statuses.set(id(object), status);
      return Promise.resolve('written');
    },
    recordEvent(object, { type, reason, message }) {
      log[type === 'Warning' ? 'warn' : 'info'](`${reason}: ${message}`, { object: id(object) });
    },
    status: (object) => statuses.get(id(object)),
  };
}

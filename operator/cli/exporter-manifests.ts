import { type CustomResource, keyText } from '../api/resource.ts';
import { type SecretData, type World } from '../control/world.ts';
import { type Conversion } from '../exporter/conversion.ts';
import { formatFinding, type Finding, type Severity } from '../exporter/finding.ts';
import { secretData, type MadeSecret } from '../exporter/made-secret.ts';
import { type Log } from '../telemetry/log.ts';
import { readContent } from './exporter-config.ts';
import { type Manifests } from './manifest.ts';

/** Gives what an exporter's file became as manifests that were never written. Its Secrets are in `withMadeSecrets`. */
export function toManifests({ receivers, route }: Conversion): Manifests {
  const judged = (object: CustomResource): CustomResource => ({
    ...object,
    metadata: { ...object.metadata, generation: 1 },
  });
  return {
    receivers: receivers.map(({ object }) => judged(object)),
    routes: [judged(route)],
    secrets: [],
    namespaces: [],
  };
}

/**
 * Adds the Secrets that an exporter's file became to a world. Files are read whenever a Secret is asked for, so that rotated
 * certificates are seen; one that cannot be read for a moment keeps its last content.
 */
export function withMadeSecrets<W extends World>(world: W, { receivers, route }: Conversion): W {
  const { namespace } = route.metadata;
  const secrets = new Map<string, MadeSecret>(
    receivers.flatMap((receiver) =>
      receiver.secrets.map((secret) => [keyText({ namespace, name: secret.name }), secret] as const),
    ),
  );
  const contents = new Map<string, string>();
  const readLast = (path: string): string | undefined => {
    const content = readContent(path) ?? contents.get(path);
    if (content !== undefined) contents.set(path, content);
    return content;
  };
  return {
    ...world,
    secret(key): Promise<SecretData | undefined> {
      const made = secrets.get(keyText(key));
      return made === undefined ? world.secret(key) : Promise.resolve(secretData(made, readLast));
    },
  };
}

const levels: Readonly<Record<Severity, keyof Log>> = {
  error: 'error',
  warning: 'warn',
  difference: 'info',
  advice: 'info',
  decision: 'debug',
};
const titles: Readonly<Record<Severity, string>> = {
  error: 'Left out a part of the configuration',
  warning: 'Read what the exporter ignores or alters',
  difference: 'Read what is done otherwise than by the exporter',
  advice: 'Read what is probably not meant',
  decision: 'Decided how to do as the exporter does',
};

/** Writes findings to the log, each by its weight. */
export function logFindings(log: Log, findings: readonly Finding[], file: string): void {
  for (const finding of findings) {
    const place = formatFinding({ ...finding, path: '', message: '' }, file).replace(/: $/, '');
    const problem = `${finding.path} ${finding.message}`.trim();
    log[levels[finding.severity]](titles[finding.severity], { place, problem });
  }
}

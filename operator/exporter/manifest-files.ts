import { stringify } from 'yaml';

import { type CustomResource } from '../api/resource.ts';
import { type Conversion } from './conversion.ts';
import { secretData } from './made-secret.ts';
import { writeReport } from './report.ts';

/** A file that a conversion writes. */
export interface MadeFile {
  readonly name: string;
  readonly text: string;
  /** It holds credentials, so nobody else may read it. */
  readonly isSecret: boolean;
}

/** What files are written with. */
export interface ManifestOptions {
  /** The name of the exporter's file, for the report. */
  readonly file: string;
  readonly namespace: string;
  readonly readFile: (path: string) => string | undefined;
}

/** The name of the report among the files. */
export const reportName = 'MIGRATION.md';

/** Writes what an exporter's file became: Secrets, EventReceivers, the EventRoute, and the report. */
export function writeFiles(conversion: Conversion, options: ManifestOptions): readonly MadeFile[] {
  const secrets = secretObjects(conversion, options);
  const made = (name: string, objects: readonly object[]): MadeFile[] =>
    objects.length === 0 ? [] : [{ name, text: toYaml(objects), isSecret: name.includes('secrets') }];
  return [
    ...made('1-secrets.yaml', secrets),
    ...made(
      '2-receivers.yaml',
      conversion.receivers.map(({ object }) => object),
    ),
    ...made('3-route.yaml', [conversion.route]),
    { name: reportName, text: writeReport(conversion, options), isSecret: false },
  ];
}

/** Joins manifests to one text, as `kubectl apply -f -` takes them. */
export function joinManifests(files: readonly MadeFile[]): string {
  return files
    .filter(({ name }) => name !== reportName)
    .map(({ text }) => text)
    .join('---\n');
}

function secretObjects(
  { receivers }: Conversion,
  { namespace, readFile }: ManifestOptions,
): readonly object[] {
  return receivers.flatMap(({ secrets }) =>
    secrets.map((secret) => ({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: secret.name, namespace },
      stringData: secretData(secret, readFile),
    })),
  );
}

function toYaml(objects: readonly (object | CustomResource)[]): string {
  return objects
    .map((object) => stringify(object, { lineWidth: 0, aliasDuplicateObjects: false }))
    .join('---\n');
}

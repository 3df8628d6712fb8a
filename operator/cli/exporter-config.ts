import { readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';

import { type Conversion, convertExporterConfig } from '../exporter/conversion.ts';
import { ExporterConfigError } from '../exporter/finding.ts';

/** How an exporter's file is loaded. */
export interface LoadOptions {
  readonly namespace: string;
  /** What the exporter ignores without a word is an error. */
  readonly strict: boolean;
  readonly purpose: 'process' | 'manifests';
}

/** An exporter's file that was read. */
export interface LoadedConfig {
  readonly conversion: Conversion;
  /** Its name, for messages. */
  readonly file: string;
}

/**
 * Reads an exporter's file, or standard input for `-`.
 * @throws ExporterConfigError with every line that keeps it from being used.
 */
export async function loadExporterConfig(path: string, options: LoadOptions): Promise<LoadedConfig> {
  const { namespace, strict, purpose } = options;
  const file = path === '-' ? 'standard input' : path;
  const conversion = await convertExporterConfig({
    text: path === '-' ? await text(process.stdin) : readConfig(path),
    file,
    namespace,
    purpose,
    environment: process.env,
    readFile: readContent,
  });
  if (strict) refuseWarnings(conversion, file);
  return { conversion, file };
}

/** Gives the content of a file that a configuration names; undefined when it cannot be read. */
export function readContent(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

function readConfig(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    const { code = '' } = cause as NodeJS.ErrnoException;
    const why = code === 'ENOENT' ? 'there is no such file' : code === 'EISDIR' ? 'it is a folder' : code;
    throw new Error(`${path} cannot be read: ${why}`, { cause });
  }
}

function refuseWarnings({ findings }: Conversion, file: string): void {
  const refused = findings.filter(({ severity }) => severity === 'error' || severity === 'warning');
  if (refused.length > 0) throw new ExporterConfigError(refused, file);
}

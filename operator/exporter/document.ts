import { type Document, parseAllDocuments, type YAMLError } from 'yaml';

import { ExporterConfigError, type Findings } from './finding.ts';
import { type ConfigNode } from './node.ts';
import { maskColons } from './masked-colon.ts';
import { createNodeReader } from './node-reader.ts';
import { judgeYamlError } from './yaml-error.ts';

/** What a document is read with. */
export interface DocumentOptions {
  readonly text: string;
  /** The name of the file in messages. */
  readonly file: string;
  readonly lineAt: (offset: number) => number;
  readonly findings: Findings;
}

/** A ConfigMap holds at most 1 MiB. */
const maxLength = 4 * 1_048_576;

/**
 * Reads the YAML of an exporter's file as laxly as the exporter does: what it takes without an error is taken, and told.
 * @throws ExporterConfigError with the line and the remedy when the exporter refuses it, too.
 */
export function readDocument(options: DocumentOptions): ConfigNode {
  const { text, findings, lineAt } = options;
  const refuse = refusalIn(options);
  if (text.length > maxLength) throw refuse(0, `is larger than ${maxLength} characters`);
  const [first, second] = parseLaxly(options, refuse);
  if (first === undefined) return { kind: 'map', line: 1, entries: [] };
  tellErrors(first.errors, options);
  if (text.startsWith('\u{FEFF}')) {
    const message =
      'begins with a byte order mark, which makes the exporter lose the first key; it is read here: save the file without it';
    findings.add('warning', { line: 1, path: '' }, message);
  }
  if (second !== undefined) {
    const line = lineAt(second.range[0]);
    findings.add(
      'warning',
      { line, path: '' },
      'begins a second document, which is ignored: put all into one',
    );
  }
  return createNodeReader({ text, lineAt, findings, refuse }).read(first.contents, 0);
}

/** Makes the error that ends the reading. */
export type Refuse = (offset: number, message: string) => ExporterConfigError;

function refusalIn({ file, lineAt }: DocumentOptions): Refuse {
  return (offset, message) =>
    new ExporterConfigError([{ severity: 'error', line: lineAt(offset), path: '', message }], file);
}

/** How often a file is parsed again after a value with a second `: ` in it was masked. */
const maxPasses = 50;

/** `a: b: c` is a text to the exporter's YAML; ours would take what follows for a part of it. */
function parseLaxly({ text, lineAt, findings }: DocumentOptions, refuse: Refuse): Document.Parsed[] {
  let masked = text;
  for (let pass = 0; pass < maxPasses; pass += 1) {
    const documents = parse(masked, refuse);
    const offsets = (documents[0]?.errors ?? [])
      .filter(({ code }) => code === 'BLOCK_AS_IMPLICIT_KEY')
      .map(({ pos }) => pos[0]);
    if (offsets.length === 0) return documents;
    for (const offset of offsets) {
      const message = 'has a second `: ` in one value, which is taken as one text: put the value in quotes';
      findings.add('warning', { line: lineAt(offset), path: '' }, message);
      masked = maskColons(masked, offset);
    }
  }
  throw refuse(0, 'has too many values with a second `: ` in them: put them in quotes');
}

function parse(text: string, refuse: Refuse): Document.Parsed[] {
  try {
    const parsed = parseAllDocuments(text, {
      uniqueKeys: false,
      strict: false,
      keepSourceTokens: true,
      prettyErrors: false,
      logLevel: 'silent',
    });
    return [...parsed];
  } catch (cause) {
    if (cause instanceof RangeError) throw refuse(0, 'is nested too deep to be read');
    throw cause;
  }
}

function tellErrors(errors: readonly YAMLError[], { text, file, lineAt, findings }: DocumentOptions): void {
  const refusals = errors.flatMap((error) => {
    const { isTolerated, message } = judgeYamlError(error, text);
    const line = lineAt(error.pos[0]);
    if (!isTolerated)
      return [{ severity: 'error', line, path: '', message: message ?? error.message } as const];
    if (message !== undefined) findings.add('warning', { line, path: '' }, message);
    return [];
  });
  // one slip makes many errors after it
  const [first] = refusals;
  if (first !== undefined) throw new ExporterConfigError([first], file);
}

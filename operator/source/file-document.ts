import { parseAllDocuments } from 'yaml';

/** One document of a file: its value, or what is wrong with it. */
export type FileDocument =
  { readonly line: number; readonly value: unknown } | { readonly line: number; readonly problem: string };

/** Cuts a file into documents: JSON values, on a line each or spread over many, or YAML documents. */
export async function* readDocuments(lines: AsyncIterable<string>): AsyncGenerator<FileDocument> {
  let reader: DocumentReader | undefined;
  let number = 0;
  for await (const line of lines) {
    number += 1;
    reader ??= chooseReader(line);
    const document = reader?.push(line, number);
    if (document !== undefined) yield* document;
  }
  yield* reader?.end() ?? [];
}

interface DocumentReader {
  push(line: string, number: number): readonly FileDocument[];
  end(): readonly FileDocument[];
}

/** A document that grows beyond this is given up, since no Event, and hardly a list of them, is that large. */
const maxDocumentChars = 256 * 1024 * 1024;

/** The first line that says anything decides; JSON is YAML too, but much slower to read as such. */
function chooseReader(line: string): DocumentReader | undefined {
  if (/^\s*(#.*)?$/.test(line)) return undefined;
  return /^\s*[[{]/.test(line) ? createJsonReader() : createYamlReader();
}

/** Lines gathered for a document that is not complete yet. */
interface Gathered {
  lines: string[];
  line: number;
  chars: number;
}

function createJsonReader(): DocumentReader {
  let open: Gathered | undefined;
  let depth = 0;
  const close = (): FileDocument[] => {
    const document = open === undefined ? [] : [parseJson(open)];
    open = undefined;
    depth = 0;
    return document;
  };
  const begin = (line: string, number: number): FileDocument[] => {
    if (line.trim() === '') return [];
    const value = parseWhole(line);
    if (value !== undefined) return [{ line: number, value }];
    open = { lines: [], line: number, chars: 0 };
    return gather(open, line);
  };
  const gather = (gathered: Gathered, line: string): FileDocument[] => {
    gathered.lines.push(line);
    gathered.chars += line.length;
    depth += nesting(line);
    return depth <= 0 || gathered.chars > maxDocumentChars ? close() : [];
  };
  return {
    push(line, number) {
      if (open === undefined) return begin(line, number);
      // `kubectl -o json` indents what is inside, so a brace in the first column of an open object begins the next one.
      const isBroken = line.startsWith('{') && open.lines[0]?.startsWith('{') === true;
      return isBroken ? [...close(), ...begin(line, number)] : gather(open, line);
    },
    end: close,
  };
}

/** Reads a line that is a whole JSON value, which saves looking at its brackets; undefined when it is none. */
function parseWhole(line: string): unknown {
  if (!/[\]}]\s*$/.test(line.slice(-8))) return undefined;
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

/** By how much a line goes deeper into objects and lists; brackets in texts do not count. No text goes over a line end. */
function nesting(line: string): number {
  const outside = line.replace(/"[^"\\]*(?:\\.[^"\\]*)*"/g, '');
  return (outside.match(/[[{]/g)?.length ?? 0) - (outside.match(/[\]}]/g)?.length ?? 0);
}

function parseJson({ lines, line, chars }: Gathered): FileDocument {
  if (chars > maxDocumentChars) return { line, problem: 'is longer than 256 MiB' };
  try {
    return { line, value: JSON.parse(lines.join('\n')) };
  } catch (thrown) {
    return { line, problem: `is not JSON: ${shorten((thrown as Error).message)}` };
  }
}

function createYamlReader(): DocumentReader {
  let open: Gathered | undefined;
  const close = (): FileDocument[] => {
    const documents = open === undefined ? [] : parseYaml(open);
    open = undefined;
    return documents;
  };
  return {
    push(line, number) {
      const closed = /^(---|\.\.\.)(\s|$)/.test(line) ? close() : [];
      open ??= { lines: [], line: number, chars: 0 };
      open.lines.push(line);
      open.chars += line.length;
      return closed;
    },
    end: close,
  };
}

function parseYaml({ lines, line, chars }: Gathered): FileDocument[] {
  if (chars > maxDocumentChars) return [{ line, problem: 'is longer than 256 MiB' }];
  const documents = parseAllDocuments(lines.join('\n'), { prettyErrors: true });
  if (!Array.isArray(documents)) return [];
  return documents.flatMap((document): FileDocument[] => {
    const [error] = document.errors;
    if (error !== undefined) {
      const offset = (error.linePos?.[0].line ?? 1) - 1;
      return [{ line: line + offset, problem: `is not YAML: ${shorten(error.message)}` }];
    }
    try {
      const value: unknown = document.toJS();
      return value === null ? [] : [{ line, value }];
    } catch (thrown) {
      return [{ line, problem: `is not YAML: ${shorten((thrown as Error).message)}` }];
    }
  });
}

function shorten(message: string): string {
  return (message.split('\n')[0] ?? '').slice(0, 200);
}

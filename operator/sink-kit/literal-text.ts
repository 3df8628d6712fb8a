import { createLexer } from '../template/lexer.ts';

/** Changes what stands outside of a template's actions; what is inside of `{{ }}` stays as it is. */
export function mapLiterals(source: string, map: (literal: string) => string): string {
  const lexer = createLexer(source);
  let mapped = '';
  let at = 0;
  for (let token = lexer.next(); token.kind !== 'eof' && token.kind !== 'error'; token = lexer.next()) {
    if (token.kind !== 'text') continue;
    mapped += source.slice(at, token.offset) + map(token.text);
    at = token.offset + token.text.length;
  }
  return mapped + source.slice(at);
}

/** Changes what stands outside of actions in all texts of a document; keys stay as they are. */
export function mapDocumentLiterals(document: unknown, map: (literal: string) => string): unknown {
  if (typeof document === 'string') return mapLiterals(document, map);
  if (Array.isArray(document)) return document.map((item) => mapDocumentLiterals(item, map));
  if (typeof document !== 'object' || document === null) return document;
  return Object.fromEntries(
    Object.entries(document).map(([key, value]) => [key, mapDocumentLiterals(value, map)]),
  );
}

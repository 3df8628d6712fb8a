import { type RenderedPayload, type RenderFailure } from './rendered-payload.ts';

/** Writes what a receiver would get, for people: the request if there is one, and the document. */
export function formatRendered(rendered: RenderedPayload | RenderFailure): string {
  if ('failure' in rendered) return `cannot be rendered: ${printable(rendered.failure)}`;
  const { request, payload } = rendered;
  const headers = Object.entries(request?.headers ?? {}).map(([name, value]) => `${name}: ${value}`);
  const head = request === undefined ? [] : [`${request.method} ${request.url}`, ...headers, ''];
  return printable([...head, bodyText(payload)].join('\n'));
}

function bodyText(payload: unknown): string {
  if (typeof payload === 'string') return payload.trimEnd();
  return JSON.stringify(payload, null, 2);
}

// What events say is anyone's; line breaks alone are harmless on a terminal.
function printable(text: string): string {
  return text.replaceAll(
    /[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

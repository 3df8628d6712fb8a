import { printable } from '../routing/drawing.ts';
import { type RenderedPayload, type RenderFailure } from './rendered-payload.ts';

/** Writes what a receiver would get, for people: the request if there is one, and the document. */
export function formatRendered(rendered: RenderedPayload | RenderFailure): string {
  if ('failure' in rendered) return `cannot be rendered: ${printable(rendered.failure)}`;
  const { request, payload } = rendered;
  const headers = Object.entries(request?.headers ?? {}).map(([name, value]) => `${name}: ${value}`);
  const head = request === undefined ? [] : [`${request.method} ${request.url}`, ...headers, ''];
  // line breaks alone are harmless on a terminal
  return [...head, ...bodyText(payload).split('\n')].map(printable).join('\n');
}

function bodyText(payload: unknown): string {
  if (typeof payload === 'string') return payload.trimEnd();
  return JSON.stringify(payload, null, 2);
}

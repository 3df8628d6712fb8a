import { AsyncLocalStorage } from 'node:async_hooks';

import { type HttpClient, type HttpClientOptions } from './http-client.ts';

/** Stands in for the clients of sinks that are opened within `withHttpClients`. */
const standIn = new AsyncLocalStorage<() => HttpClient>();

/** Creates the HTTP client of a sink. Its library is loaded with the first one: it is a fifth of the operator's memory. */
export async function createHttpClient(options: HttpClientOptions = {}): Promise<HttpClient> {
  const create = standIn.getStore();
  if (create !== undefined) return create();
  const { createUndiciClient } = await import('./undici-client.ts');
  return createUndiciClient(options);
}

/**
 * Opens sinks that get other clients, such as ones that show requests instead of sending them. It holds for what `open`
 * does, and for nothing that runs beside it.
 */
export function withHttpClients<T>(create: () => HttpClient, open: () => Promise<T>): Promise<T> {
  return standIn.run(create, open);
}

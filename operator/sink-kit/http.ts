import { type HttpClient, type HttpClientOptions } from './http-client.ts';

/** Creates the HTTP client of a sink. Its library is loaded with the first one: it is a fifth of the operator's memory. */
export async function createHttpClient(options: HttpClientOptions = {}): Promise<HttpClient> {
  const { createUndiciClient } = await import('./undici-client.ts');
  return createUndiciClient(options);
}

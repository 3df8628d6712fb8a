/** The answer to a request, whatever its status. */
export interface HttpResponse {
  readonly status: number;
  /** Fields by their names in lower case. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly bodyText: string;
  /** The body was longer than what was kept of it. */
  readonly isCut: boolean;
  /** Host and port that answered. */
  readonly endpoint: string;
}

/** One value of a header of an answer; of several fields the first. */
export function headerOf(response: Pick<HttpResponse, 'headers'>, name: string): string | undefined {
  const value = response.headers[name];
  return Array.isArray(value) ? value[0] : value;
}

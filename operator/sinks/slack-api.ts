// `import { type ... }` would load the package all the same: types are stripped, the import stays.
import type { WebClientOptions } from '@slack/web-api';

import { DeliveryError, failureOfResponse, type HttpClient, type HttpResponse } from '../sink-kit/index.ts';

type FetchFunction = NonNullable<WebClientOptions['fetch']>;

/** What a method of the Web API answers: its fields, or the code by which it refused. */
export type SlackAnswer =
  | {
      readonly ok: true;
      readonly fields: Readonly<Record<string, unknown>>;
      readonly scopes?: readonly string[];
    }
  | SlackNo;

/** A refusal of the Web API. */
export interface SlackNo {
  readonly ok: false;
  readonly code: string;
  readonly details: readonly string[];
  readonly retryAfterMs?: number;
}

/** Slack's Web API with one token. */
export interface SlackApi {
  /** Host and port, for people. */
  readonly endpoint: string;
  /** Calls a method; throws DeliveryError when there is no answer of Slack's. */
  call(method: string, args: Readonly<Record<string, unknown>>, signal: AbortSignal): Promise<SlackAnswer>;
}

/** An answer repeats the message with all of its blocks, several times as long in JSON. */
const maxAnswerBytes = 4_194_304;

const maxCodeLength = 100;

const ignore = (): void => undefined;
/** Slack's client would log requests to the console; what matters is in its errors. */
const silent = {
  debug: ignore,
  info: ignore,
  warn: ignore,
  error: ignore,
  setLevel: ignore,
  setName: ignore,
  getLevel: () => 'error',
} as unknown as NonNullable<WebClientOptions['logger']>;

/** Loads Slack's client and makes it send through our HTTP client: no retries, no log, no way of its own out. */
export async function createSlackApi(token: string, apiUrl: string, http: HttpClient): Promise<SlackApi> {
  const { WebClient } = await import('@slack/web-api');
  const base = URL.parse(apiUrl);
  if (base === null || !/^https?:$/.test(base.protocol)) {
    throw DeliveryError.permanent('apiUrl is no URL that begins with https:// and a host', 'InvalidConfig');
  }
  return {
    endpoint: base.host,
    call: async (method, args, signal) => {
      // One for each call: the client knows no signal, so the way out has to.
      const client = new WebClient(token, {
        slackApiUrl: base.href,
        fetch: createFetch(http, signal),
        retryConfig: { retries: 0 },
        rejectRateLimitedCalls: true,
        allowAbsoluteUrls: false,
        logger: silent,
        // Slack's own would name the operating system and its version.
        headers: { 'User-Agent': 'eventroute' },
      });
      try {
        const { response_metadata, ...fields } = await client.apiCall(method, args);
        const scopes = response_metadata?.scopes;
        return { ok: true, fields, ...(scopes !== undefined && { scopes }) };
      } catch (error) {
        return refusalOf(error);
      }
    },
  };
}

function createFetch(http: HttpClient, signal: AbortSignal): FetchFunction {
  return async (url, { method = 'POST', headers = {}, body } = {}) => {
    if (body !== undefined && typeof body !== 'string') throw new Error('files cannot be sent to Slack');
    const response = await http.request({
      method,
      url,
      headers,
      signal,
      maxBodyBytes: maxAnswerBytes,
      ...(body !== undefined && { body }),
    });
    const failure = failureOfResponse(response);
    if (failure !== undefined) throw failure;
    if (!isAnswer(response.bodyText)) {
      throw DeliveryError.retry(
        `${response.endpoint} answered ${response.status} and nothing that Slack would say: check the URL, and proxies on the way`,
        'ServerError',
      );
    }
    return toFetchResponse(response, String(url));
  };
}

/** A page of a proxy or of another server must not count as posted. */
function isAnswer(text: string): boolean {
  try {
    const answer: unknown = JSON.parse(text);
    return typeof answer === 'object' && answer !== null && 'ok' in answer;
  } catch {
    return false;
  }
}

function toFetchResponse(response: HttpResponse, url: string): Awaited<ReturnType<FetchFunction>> {
  const headers = new Headers(
    Object.entries(response.headers).flatMap(([name, value]): [string, string][] =>
      [value ?? []].flat().map((each) => [name, each]),
    ),
  );
  return {
    ok: true,
    status: 200,
    statusText: 'OK',
    url,
    headers,
    text: () => Promise.resolve(response.bodyText),
    json: () => Promise.resolve(JSON.parse(response.bodyText) as unknown),
    arrayBuffer: () => Promise.reject(new Error('Slack sends no binary answers')),
  };
}

/** What the client throws holds our own error as `original`, or Slack's answer as `data`. */
function refusalOf(error: unknown): SlackAnswer {
  const { original, data } = error as { original?: unknown; data?: Readonly<Record<string, unknown>> };
  if (original instanceof Error) throw original;
  if (data === undefined) throw error;
  const { messages, retryAfter } = (data.response_metadata ?? {}) as {
    messages?: readonly string[];
    retryAfter?: number;
  };
  const needed = typeof data.needed === 'string' ? [`needs the scope ${data.needed}`] : [];
  return {
    ok: false,
    code: String(data.error).slice(0, maxCodeLength),
    details: [...needed, ...(messages ?? [])],
    ...(retryAfter !== undefined && { retryAfterMs: retryAfter * 1_000 }),
  };
}

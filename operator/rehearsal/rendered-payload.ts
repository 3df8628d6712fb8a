import { gunzipSync } from 'node:zlib';

import { type RehearsedReceiver, openRehearsed } from '../lint/judged-receiver.ts';
import {
  createRedactor,
  type Redactor,
  type Sink,
  type SinkEvent,
  toDeliveryError,
} from '../sink-kit/index.ts';
import { type HttpClient, type HttpRequest } from '../sink-kit/http-client.ts';
import { type SinkName } from '../sinks/registry.ts';
import { readDocument } from './document.ts';

/** What a receiver's system would get for an event, without its secrets. */
export interface RenderedPayload {
  /** Where it goes, for people. */
  readonly endpoint: string;
  /** There for receivers that send a request of HTTP for it. */
  readonly request?: RenderedRequest;
  /** The document: plain data where it is JSON, else its text. */
  readonly payload: unknown;
}

/** A request without its body; what authenticates it is `***`. */
export interface RenderedRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** Why there is no payload. */
export interface RenderFailure {
  readonly failure: string;
}

/** Renders events for one receiver. */
export interface Renderer {
  render(event: SinkEvent): Promise<RenderedPayload | RenderFailure>;
  close(): Promise<void>;
}

/**
 * Kinds whose `send` makes nothing but HTTP requests, and needs no credentials of the machine for them. Of all others the
 * payload is shown as it was rendered, and `send` is never called.
 */
const showsRequests: ReadonlySet<SinkName> = new Set<SinkName>([
  'loki',
  'opsgenie',
  'slack',
  'splunk',
  'teams',
  'webhook',
]);

/** Opens a receiver for rendering alone: nothing that it does leaves the process. */
export async function openRenderer(rehearsed: RehearsedReceiver, rootNamespace: string): Promise<Renderer> {
  const { receiver, resolved } = rehearsed;
  const redactor = createRedactor(resolved.secrets);
  const seen: HttpRequest[] = [];
  const sink = await openRehearsed(rehearsed, {
    rootNamespace,
    warn: () => undefined,
    createHttpClient: () => createRecorder(seen),
  });
  return {
    async render(event) {
      try {
        const { payload } = sink.encode(event);
        const endpoint = redactor.text(sink.endpoint);
        if (!showsRequests.has(receiver.sinkName)) {
          return { endpoint, payload: redactData(readDocument(payload), redactor) };
        }
        return { endpoint, ...(await requestOf({ sink, event, payload }, seen, redactor)) };
      } catch (thrown) {
        return { failure: redactor.text(toDeliveryError(thrown).message) };
      }
    },
    close: () => sink.close(),
  };
}

/** Keeps the first request and ends the sending there. */
function createRecorder(seen: HttpRequest[]): HttpClient {
  return {
    request(request) {
      seen.push(request);
      return Promise.reject(new Error('the request was shown, not sent'));
    },
    probe: () => Promise.resolve(),
    close: () => Promise.resolve(),
  };
}

async function requestOf(
  { sink, event, payload }: { readonly sink: Sink; readonly event: SinkEvent; readonly payload: unknown },
  seen: HttpRequest[],
  redactor: Redactor,
): Promise<Pick<RenderedPayload, 'request' | 'payload'>> {
  seen.length = 0;
  // it always fails, since the recorder does not answer
  await sink.send([{ event, payload }], AbortSignal.timeout(sendTimeoutMs)).catch(() => undefined);
  const [request] = seen;
  if (request === undefined) return { payload: redactData(readDocument(payload), redactor) };
  return {
    request: {
      method: request.method ?? 'POST',
      url: maskUrl(new URL(request.url), redactor),
      headers: maskHeaders(request.headers ?? {}, redactor),
    },
    payload: redactData(readDocument(readBody(request)), redactor),
  };
}

const sendTimeoutMs = 10_000;

/** Takes a body out of its encoding; clients that post forms put their documents into its fields. */
function readBody({ headers = {}, body }: HttpRequest): unknown {
  const named = new Map(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
  const isGzip = named.get('content-encoding') === 'gzip' && typeof body === 'object';
  const plain = isGzip ? gunzipSync(body, { maxOutputLength: maxBodyBytes }) : body;
  const isForm = named.get('content-type')?.startsWith('application/x-www-form-urlencoded') === true;
  return isForm ? Object.fromEntries(new URLSearchParams(String(plain))) : plain;
}

const maxBodyBytes = 64 * 1024 ** 2;

const credentialName = /auth|cookie|credential|api-?key|pass|secret|signature|token/i;

function maskHeaders(headers: Readonly<Record<string, string>>, redactor: Redactor): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name,
      credentialName.test(name) ? '***' : redactor.text(value),
    ]),
  );
}

/** Host and port are shown to people everywhere; user info never is. */
function maskUrl({ origin, pathname, search }: URL, redactor: Redactor): string {
  const shown = redactor.text(`${pathname}${search}`);
  return shown.startsWith('/') ? `${origin}${shown}` : `${origin}/${shown}`;
}

function redactData(value: unknown, redactor: Redactor): unknown {
  if (typeof value === 'string') return redactor.text(value);
  if (Array.isArray(value)) return value.map((item) => redactData(item, redactor));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, redactData(entry, redactor)]));
}

import { type IncomingMessage } from 'node:http';

import { networkError } from './exchange.ts';
import { KubeError, kubeErrorOf, type KubeStatus } from './kube-error.ts';

// Above what a page of the largest objects takes; below what would endanger the process.
const maxAnswerBytes = 128 * 1024 * 1024;
const maxErrorBytes = 64 * 1024;

async function readBody(response: IncomingMessage, request: string, limit: number): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > limit) {
        throw new KubeError(`${request} answered more than ${limit} bytes`, { failure: 'protocol' });
      }
      chunks.push(chunk);
    }
  } catch (thrown) {
    throw networkError(thrown, request);
  }
  return Buffer.concat(chunks, size).toString('utf8');
}

/** Reads a Retry-After header, in seconds or as a date, in milliseconds (RFC 9110, 10.2.3). */
function readRetryAfterMs(header: string | undefined, now: Date): number | undefined {
  if (header === undefined) return undefined;
  const seconds = Number(header);
  if (Number.isFinite(seconds)) return Math.max(0, seconds * 1000);
  const until = Date.parse(header);
  return Number.isNaN(until) ? undefined : Math.max(0, until - now.getTime());
}

function isStatus(parsed: unknown): parsed is KubeStatus {
  return typeof parsed === 'object' && parsed !== null && (parsed as KubeStatus).kind === 'Status';
}

function parseStatus(body: string): KubeStatus {
  try {
    const parsed: unknown = JSON.parse(body);
    if (isStatus(parsed)) return parsed;
  } catch {
    // A proxy's page: its text is the best message there is.
  }
  return { message: body.replace(/\s+/g, ' ').trim() };
}

/** Throws the KubeError of an answer that is not a success, after reading it; keeps the body of a success unread. */
export async function throwUnlessOk(response: IncomingMessage, request: string): Promise<void> {
  const { statusCode = 0, headers } = response;
  if (statusCode >= 200 && statusCode < 300) return;
  const body = await readBody(response, request, maxErrorBytes);
  throw kubeErrorOf(parseStatus(body), {
    request,
    httpStatus: statusCode,
    retryAfterMs: readRetryAfterMs(headers['retry-after'], new Date()),
  });
}

/** Reads a whole answer as JSON; throws KubeError. */
export async function readAnswer(response: IncomingMessage, request: string): Promise<unknown> {
  await throwUnlessOk(response, request);
  const body = await readBody(response, request, maxAnswerBytes);
  try {
    return body === '' ? {} : JSON.parse(body);
  } catch (cause) {
    throw new KubeError(`${request} answered something that is not JSON: is this an API server?`, {
      failure: 'protocol',
      status: response.statusCode ?? 0,
      cause,
    });
  }
}

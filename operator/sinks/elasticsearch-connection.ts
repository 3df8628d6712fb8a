import { BaseConnection, errors } from '@elastic/elasticsearch';

import { type HttpClient, type HttpResponse, toDeliveryError } from '../sink-kit/index.ts';
import { maxBulkAnswerBytes } from './search-client.ts';
import { urlAt } from './search-hosts.ts';

type Request = Parameters<BaseConnection['request']>[0];
type Options = Parameters<BaseConnection['request']>[1];

interface Answer {
  readonly statusCode: number;
  readonly headers: HttpResponse['headers'];
  readonly body: string;
}

const never = new AbortController().signal;

/**
 * Makes the class by which Elastic's client connects to a node: through the operator's own HTTP client, for its address guard,
 * its proxies, its certificates and its words for what fails on the way.
 */
export function createConnectionClass(http: HttpClient): typeof BaseConnection {
  class GuardedConnection extends BaseConnection {
    override async request(request: Request, options: Options): Promise<never> {
      const { signal = never } = options;
      try {
        const answer = await exchange(http, {
          node: this.url,
          headers: this.headers,
          request,
          signal,
        });
        // The base class declares answers as streams, too, which we never ask for.
        return answer as never;
      } catch (thrown) {
        throw toClientError(thrown, signal);
      }
    }

    override close(): Promise<void> {
      return Promise.resolve();
    }
  }
  return GuardedConnection;
}

interface Exchange {
  readonly node: URL;
  readonly headers: BaseConnection['headers'];
  readonly request: Request;
  readonly signal: AbortSignal;
}

async function exchange(http: HttpClient, { node, headers, request, signal }: Exchange): Promise<Answer> {
  const { method, path, querystring, body } = request;
  const {
    status,
    bodyText,
    headers: answered,
  } = await http.request({
    method,
    url: urlAt(node, path, querystring),
    headers: sendable({ ...headers, ...request.headers }),
    ...((typeof body === 'string' || Buffer.isBuffer(body)) && { body }),
    signal,
    maxBodyBytes: maxBulkAnswerBytes,
  });
  return { statusCode: status, body: bodyText, headers: answered };
}

/** The HTTP client frames the body itself, and reads answers that are not compressed. */
function sendable(headers: BaseConnection['headers']): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers)
      .filter(([name]) => name !== 'content-length' && name !== 'accept-encoding')
      .map(([name, value]) => [name, [value].flat().join(', ')]),
  );
}

/** Elastic's client passes a node over by the names of its own errors; what really happened is told as their cause. */
function toClientError(thrown: unknown, signal: AbortSignal): Error {
  const cause = toDeliveryError(thrown);
  const options = { redaction: { type: 'remove' as const }, cause };
  return signal.aborted
    ? new errors.TimeoutError(cause.message, undefined, options)
    : new errors.ConnectionError(cause.message, undefined, options);
}

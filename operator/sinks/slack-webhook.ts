import {
  createUrlTemplate,
  failureOfResponse,
  headerOf,
  type HttpClient,
  parseRetryAfter,
} from '../sink-kit/index.ts';
import { isSlackCode, slackFailure } from './slack-failure.ts';
import { type SlackPoster } from './slack-poster.ts';

/** Creates the poster of an incoming webhook. */
export function createSlackWebhook(webhookUrl: string, http: HttpClient): SlackPoster {
  // No part of the URL may be a template: it is a credential, and its channel is fixed.
  const { base, endpoint } = createUrlTemplate(webhookUrl.split('{{', 1)[0] ?? '', 'webhookUrl');
  return {
    endpoint,
    post: async ({ message, key }, signal) => {
      const response = await http.request({
        url: base,
        headers: { 'content-type': 'application/json', 'idempotency-key': key },
        body: JSON.stringify(message),
        signal,
      });
      const failure = failureOfResponse(response);
      if (failure === undefined) return;
      const code = response.bodyText.trim();
      if (!isSlackCode(code)) throw failure;
      const retryAfterMs = parseRetryAfter(headerOf(response, 'retry-after'), Date.now());
      throw slackFailure({ action: 'the message', endpoint, code, retryAfterMs });
    },
    check: (signal) => http.probe(base, signal),
  };
}

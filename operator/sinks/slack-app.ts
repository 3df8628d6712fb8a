import { type DeliveryError, type HttpClient } from '../sink-kit/index.ts';
import { createSlackApi, type SlackAnswer, type SlackApi, type SlackNo } from './slack-api.ts';
import { slackFailure } from './slack-failure.ts';
import { type SlackPost, type SlackPoster } from './slack-poster.ts';
import { type SlackThreads } from './slack-threads.ts';

/** How an app posts. */
export interface SlackAppOptions {
  readonly token: string;
  readonly apiUrl: string;
  /** The channel of all messages; undefined when each event chooses its own. */
  readonly channel: string | undefined;
  readonly metadata: boolean;
  readonly threads: SlackThreads;
}

/** What Slack says when the message that a thread hangs on is gone. */
const lostThread: ReadonlySet<string> = new Set([
  'thread_not_found',
  'message_not_found',
  'invalid_thread_ts',
  'cannot_reply_to_message',
]);

/** Tokens of before 2020 have other names for the scope of posting. */
const postingScopes: ReadonlySet<string> = new Set([
  'chat:write',
  'chat:write:bot',
  'chat:write:user',
  'bot',
  'client',
  'post',
]);

/** Creates the poster of a Slack app, by its token. */
export async function createSlackApp(options: SlackAppOptions, http: HttpClient): Promise<SlackPoster> {
  return new SlackApp(options, await createSlackApi(options.token, options.apiUrl, http));
}

class SlackApp implements SlackPoster {
  readonly endpoint: string;
  readonly #options: SlackAppOptions;
  readonly #api: SlackApi;

  constructor(options: SlackAppOptions, api: SlackApi) {
    this.#options = options;
    this.#api = api;
    this.endpoint = api.endpoint;
  }

  async post(post: SlackPost, signal: AbortSignal): Promise<void> {
    const { threads } = this.#options;
    const thread = post.thread === undefined ? undefined : threads.find(post.thread);
    let answer = await this.#send(post, thread, signal);
    if (post.thread !== undefined && thread !== undefined && !answer.ok && lostThread.has(answer.code)) {
      threads.forget(post.thread);
      answer = await this.#send(post, undefined, signal);
    }
    if (!answer.ok) throw this.#failure('chat.postMessage', answer, String(post.message.channel));
    const { ts } = answer.fields;
    if (post.thread !== undefined && threads.find(post.thread) === undefined && typeof ts === 'string') {
      threads.open(post.thread, ts);
    }
  }

  async check(signal: AbortSignal): Promise<void> {
    const answer = await this.#api.call('auth.test', {}, signal);
    if (!answer.ok) throw this.#failure('auth.test', answer);
    const { scopes } = answer;
    if (scopes !== undefined && !scopes.some((scope) => postingScopes.has(scope))) {
      const refusal = { ok: false, code: 'missing_scope', details: ['needs the scope chat:write'] } as const;
      throw this.#failure('chat.postMessage', refusal);
    }
    await this.#checkChannel(scopes ?? [], signal);
  }

  /** Only ids can be looked up, and only with the scopes channels:read and groups:read; without them posting will tell. */
  async #checkChannel(scopes: readonly string[], signal: AbortSignal): Promise<void> {
    const { channel } = this.#options;
    if (channel === undefined || !/^[CG][A-Z0-9]{7,}$/.test(channel)) return;
    const answer = await this.#api.call('conversations.info', { channel }, signal);
    if (!answer.ok) {
      if (answer.code === 'missing_scope') return;
      throw this.#failure('conversations.info', answer, channel);
    }
    const code = whyNoPost(answer.fields.channel, scopes);
    if (code !== undefined)
      throw this.#failure('chat.postMessage', { ok: false, code, details: [] }, channel);
  }

  #send(post: SlackPost, thread: string | undefined, signal: AbortSignal): Promise<SlackAnswer> {
    const args = {
      ...post.message,
      ...(thread !== undefined && { thread_ts: thread }),
      ...(this.#options.metadata && {
        metadata: { event_type: 'kubernetes_event', event_payload: { idempotency_key: post.key } },
      }),
    };
    return this.#api.call('chat.postMessage', args, signal);
  }

  #failure(action: string, answer: SlackNo, channel?: string): DeliveryError {
    const { endpoint } = this;
    const { code, details, retryAfterMs } = answer;
    const isChannelChosen = this.#options.channel === undefined;
    return slackFailure({ action, endpoint, code, details, retryAfterMs, channel, isChannelChosen });
  }
}

/** The code that posting to a channel would be refused with, as far as its description tells. */
function whyNoPost(channel: unknown, scopes: readonly string[]): string | undefined {
  const { is_archived, is_member, is_private } = (channel ?? {}) as Readonly<Record<string, unknown>>;
  if (is_archived === true) return 'is_archived';
  const mayPostUninvited = scopes.includes('chat:write.public') && is_private !== true;
  return is_member === false && !mayPostUninvited ? 'not_in_channel' : undefined;
}

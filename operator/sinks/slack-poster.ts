import { type SlackMessage } from './slack-message.ts';

/** A rendered message on its way. */
export interface SlackPost {
  readonly message: SlackMessage;
  /** The idempotency key of its event. */
  readonly key: string;
  /** The thread that it belongs to. */
  readonly thread?: string;
}

/** A way to post messages. */
export interface SlackPoster {
  /** Host and port, for people. */
  readonly endpoint: string;
  post(post: SlackPost, signal: AbortSignal): Promise<void>;
  check(signal: AbortSignal): Promise<void>;
}

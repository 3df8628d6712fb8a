import { type Outgoing } from '../sink-kit/index.ts';

/** An event rendered for a webhook. */
export interface WebhookPayload {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The event's document as JSON. */
  readonly text: string;
}

type Batch = readonly Outgoing<WebhookPayload>[];

/** How a batch becomes the bodies of requests. */
interface WebhookBody {
  readonly contentType: string;
  /** Divides a batch into what each request takes. */
  readonly divide: (batch: Batch) => Batch[];
  readonly join: (events: readonly WebhookPayload[]) => string;
}

/** The encodings that a user can choose. */
export const encodings = ['Event', 'JSONArray', 'NDJSON'] as const;

/** The ways to put events into requests. */
export const bodies: Readonly<Record<(typeof encodings)[number], WebhookBody>> = {
  Event: {
    contentType: 'application/json',
    divide: (batch) => batch.map((outgoing) => [outgoing]),
    join: (events) => events.map(({ text }) => text).join(''),
  },
  JSONArray: {
    contentType: 'application/json',
    divide: byRequest,
    join: (events) => `[${events.map(({ text }) => text).join(',')}]`,
  },
  NDJSON: {
    contentType: 'application/x-ndjson',
    divide: byRequest,
    join: (events) => events.map(({ text }) => `${text}\n`).join(''),
  },
};

/** URL and headers may differ from event to event, and one request has one of each. */
function byRequest(batch: Batch): Batch[] {
  const [first] = batch;
  if (
    batch.every(
      ({ payload: { url, headers } }) => url === first?.payload.url && headers === first.payload.headers,
    )
  )
    return [batch];
  return [...Map.groupBy(batch, ({ payload }) => JSON.stringify([payload.url, payload.headers])).values()];
}

import { DeliveryError, type Outgoing } from '../sink-kit/index.ts';
import { sendDividing } from './google-division.ts';
import { type PubsubPayload } from './pubsub-message.ts';
import { type Publisher } from './pubsub-publisher.ts';
import { type Lane } from './send-lanes.ts';

/** Limits of one request, with room for what is not counted: https://cloud.google.com/pubsub/quotas#resource_limits */
export const mostMessages = 1_000;
export const mostBytes = 9_900_000;

type Batch = readonly Outgoing<PubsubPayload>[];

interface LaneOptions {
  readonly publisher: Pick<Publisher, 'publish' | 'createTopic'>;
  readonly createTopic: boolean;
  readonly signal: AbortSignal;
}

/** Makes a lane for each topic and ordering key of a batch: all messages of a request have to have the same. */
export function lanesOf(batch: Batch, options: LaneOptions): Lane<PubsubPayload>[] {
  const groups = Map.groupBy(batch, ({ payload: { topic, message } }) =>
    JSON.stringify([topic, message.orderingKey]),
  );
  return [...groups.values()].map((group) =>
    requestsOf(group).map((events) => ({ events, send: () => sendRequest(events, options) })),
  );
}

function requestsOf(group: Batch): Batch[] {
  const requests: Outgoing<PubsubPayload>[][] = [];
  let bytes = 0;
  for (const outgoing of group) {
    const last = requests.at(-1);
    bytes += outgoing.payload.bytes;
    if (last === undefined || last.length >= mostMessages || bytes > mostBytes) {
      requests.push([outgoing]);
      bytes = outgoing.payload.bytes;
    } else {
      last.push(outgoing);
    }
  }
  return requests;
}

/** One message that Pub/Sub does not take (of another schema than the topic's, say) fails its whole request. */
async function sendRequest(events: Batch, options: LaneOptions): Promise<void> {
  await sendDividing(events, (piece) => publish(piece, options));
}

async function publish(events: Batch, { publisher, createTopic, signal }: LaneOptions): Promise<void> {
  const [first] = events;
  if (first === undefined) return;
  const { topic } = first.payload;
  const messages = events.map(({ payload }) => payload.message);
  try {
    await publisher.publish(topic, messages, signal);
  } catch (error) {
    if (!createTopic || !(error instanceof DeliveryError) || error.reason !== 'TargetNotFound') throw error;
    await publisher.createTopic(topic, signal);
    await publisher.publish(topic, messages, signal);
  }
}

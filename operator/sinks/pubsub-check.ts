import { DeliveryError, type SinkContext } from '../sink-kit/index.ts';
import { type Publisher } from './pubsub-publisher.ts';

/** gRPC's code for what does not exist. */
const notFound = 5;

interface CheckOptions {
  /** The full name; undefined when it differs from event to event. */
  readonly topic: string | undefined;
  readonly projectId: string;
  readonly createTopic: boolean;
  readonly warn: SinkContext['warn'];
}

/** Tells without publishing whether events would get to their topic; throws DeliveryError. */
export async function checkTopic(
  publisher: Pick<Publisher, 'getTopic' | 'listTopics' | 'mayPublish'>,
  { topic, projectId, createTopic, warn }: CheckOptions,
  signal: AbortSignal,
): Promise<void> {
  if (topic === undefined) return checkProject(publisher, projectId, signal);
  try {
    await publisher.getTopic(topic, signal);
  } catch (error) {
    if (createTopic && isMissing(error)) return;
    if (!isForbidden(error)) throw error;
    // Whoever may publish need not be allowed to look (pubsub.topics.get), and often is not.
    const allowed = await publisher.mayPublish(topic, signal);
    if (allowed === false) throw error;
    if (allowed === true) return;
    warn(`Could not check topic ${topic}: the credentials may not look at it (pubsub.topics.get)`);
  }
}

/** Where topics differ from event to event, host, certificate and credentials are all that can be known beforehand. */
async function checkProject(
  publisher: Pick<Publisher, 'listTopics'>,
  projectId: string,
  signal: AbortSignal,
): Promise<void> {
  try {
    await publisher.listTopics(projectId, signal);
  } catch (error) {
    if (!isForbidden(error)) throw error;
  }
}

function isForbidden(error: unknown): boolean {
  return error instanceof DeliveryError && error.reason === 'Forbidden';
}

/** An endpoint that is not Pub/Sub has no topics either. */
function isMissing(error: unknown): boolean {
  const cause = error instanceof DeliveryError ? error.cause : undefined;
  return (cause as { code?: unknown } | undefined)?.code === notFound;
}

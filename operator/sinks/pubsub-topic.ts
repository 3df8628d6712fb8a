import { DeliveryError, type SinkEvent, type TextTemplate } from '../sink-kit/index.ts';

/** Where messages are published. */
export interface TopicName {
  /** The full name, `projects/<project>/topics/<topic>`; undefined when it differs from event to event. */
  readonly constant: string | undefined;
  /** Gives the full name for an event; throws when the template gives no name of a topic. */
  render(event: SinkEvent): string;
}

/** Pub/Sub's rule for names: https://cloud.google.com/pubsub/docs/pubsub-basics#resource_names */
const topicId = /^[A-Za-z][A-Za-z0-9_.~+%-]{2,254}$/;
const fullName = /^projects\/[A-Za-z0-9][A-Za-z0-9.:_-]{0,127}\/topics\/([^/]+)$/;

/**
 * Reads the name of a topic: a short one belongs to the project, a full one names its own.
 * @throws DeliveryError (permanent, InvalidConfig) when it is no name and holds no template.
 */
export function createTopicName(topic: TextTemplate, projectId: string): TopicName {
  const expand = (text: string, reason: 'InvalidConfig' | 'RenderFailed'): string => {
    const name = text.startsWith('projects/') ? text : `projects/${projectId}/topics/${text}`;
    const [, id = ''] = fullName.exec(name) ?? [];
    if (topicId.test(id) && !id.startsWith('goog')) return name;
    throw DeliveryError.permanent(
      `topic is ${JSON.stringify(text.slice(0, 300))}: a name has 3 to 255 letters, digits or -_.~+%, begins with a letter ` +
        'and not with goog',
      reason,
    );
  };
  const constant = topic.constant === undefined ? undefined : expand(topic.constant.trim(), 'InvalidConfig');
  return { constant, render: (event) => constant ?? expand(topic.render(event).trim(), 'RenderFailed') };
}

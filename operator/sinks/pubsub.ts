import {
  defineSink,
  payloadFields,
  type Sink,
  Template,
  Text,
  Type,
  withRedaction,
} from '../sink-kit/index.ts';
import { readGoogleEndpoint } from './google-endpoint.ts';
import { googleFields } from './google-fields.ts';
import { chooseProject, createGoogleIdentity } from './google-identity.ts';
import { checkTopic } from './pubsub-check.ts';
import { lanesOf, mostBytes, mostMessages } from './pubsub-lanes.ts';
import { createMessageEncoder, type PubsubPayload } from './pubsub-message.ts';
import { createTopicName } from './pubsub-topic.ts';
import { sendLanes } from './send-lanes.ts';

const config = Type.Object({
  projectId: Type.Optional(
    Text({
      description:
        'The id of the project that the topic is in. By default the one that the credentials name.',
      aliases: ['gcloud_project_id'],
      examples: ['my-project'],
    }),
  ),
  topic: Template({
    description: 'The topic: its name, or `projects/<project>/topics/<name>`. May hold Go templates.',
    examples: ['k8s-events'],
  }),
  createTopic: Type.Optional(
    Type.Boolean({
      description:
        'Creates the topic when the first event finds none. What is published before somebody subscribes is lost.',
      default: false,
      aliases: ['create_topic'],
    }),
  ),
  ...googleFields,
  attributes: Type.Optional(
    Type.Record(Type.String(), Template({ description: 'The value of the attribute; a Go template.' }), {
      description: 'More attributes of the messages; values are cut at 1024 bytes, empty ones left away.',
      examples: [{ team: '{{ index .InvolvedObject.Labels "team" }}' }],
    }),
  ),
  standardAttributes: Type.Optional(
    Type.Boolean({
      description:
        'Adds attributes to filter subscriptions by: idempotencyKey (the same for every copy of an event), type, ' +
        'reason, kind, namespace, name, cluster.',
      default: true,
    }),
  ),
  orderingKey: Type.Optional(
    Template({
      description:
        'Messages with the same key reach subscriptions with ordering in the order of publishing. Each key of a batch is ' +
        'a request of its own. By default there is none.',
      examples: ['{{ .InvolvedObject.UID }}'],
    }),
  ),
  ...payloadFields,
});

/** How many ordering keys are published at the same time. */
const width = 16;

export default defineSink({
  summary: 'Publishes events as messages to a topic of Google Cloud Pub/Sub.',
  config,
  example: {
    projectId: 'my-project',
    topic: 'k8s-events',
    credentialsSecretRef: { name: 'pubsub', key: 'key.json' },
    attributes: { team: '{{ index .InvolvedObject.Labels "team" }}' },
  },
  defaults: {
    batch: { maxEvents: 500, maxBytes: 5_000_000, maxWaitMs: 100 },
    maxEventBytes: mostBytes,
  },
  defaultsFor: ({ orderingKey }) => ({
    batch: {
      maxEvents: orderingKey === undefined || orderingKey.constant !== undefined ? mostMessages / 2 : 100,
      maxBytes: 5_000_000,
      maxWaitMs: 100,
    },
    maxEventBytes: mostBytes,
  }),
  async open(settings, context): Promise<Sink<PubsubPayload>> {
    const identity = await createGoogleIdentity(settings, 'pubsub', context);
    const projectId = chooseProject(settings.projectId, identity, 'projectId');
    const topic = createTopicName(settings.topic, projectId);
    const encode = createMessageEncoder(settings, topic);
    const endpoint = readGoogleEndpoint(settings.endpoint, `pubsub.${identity.universe}`);
    const { createPublisher } = await import('./pubsub-publisher.ts');
    const publisher = createPublisher({ endpoint, identity, tls: settings.tls, context });
    const createTopic = settings.createTopic ?? false;

    return withRedaction(
      {
        endpoint: endpoint.name,
        encode,
        send: (batch, signal) => sendLanes(batch, lanesOf(batch, { publisher, createTopic, signal }), width),
        check: (signal) =>
          checkTopic(
            publisher,
            { topic: topic.constant, projectId, createTopic, warn: context.warn },
            signal,
          ),
        close: () => publisher.close(),
      },
      [...identity.secrets],
    );
  },
});

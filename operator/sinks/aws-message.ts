import { createHash } from 'node:crypto';

import { DeliveryError, type SinkEvent, Template, type TextTemplate, Type } from '../sink-kit/index.ts';

/** SQS takes no more attributes on a message, and SNS hands no more to raw subscriptions. */
const maxAttributes = 10;
const keyAttribute = 'idempotency-key';
/** How names of attributes may look (SQS developer guide, message metadata); AWS keeps `AWS.` and `Amazon.` for itself. */
const attributeName = /^(?!aws\.|amazon\.)[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$/i;

/** The fields that messages of SQS and SNS have besides their body; spread them into the sink's config. */
export const messageFields = {
  attributes: Type.Optional(
    Type.Record(
      Type.String(),
      Template({ description: 'The value of the attribute; a Go template. An empty value leaves it away.' }),
      {
        description:
          'Message attributes of type String, at most 10. Up to nine of them are joined by `idempotency-key`, which is the ' +
          'same for every copy of an event.',
        maxProperties: maxAttributes,
        examples: [{ namespace: '{{ .InvolvedObject.Namespace }}', type: '{{ .Type }}' }],
      },
    ),
  ),
  messageGroupId: Type.Optional(
    Template({
      description:
        'The message group. FIFO targets need one: by default that is the involved object, so that events about one ' +
        'object keep their order. What the service would refuse is replaced by its SHA-256 in hex.',
      examples: ['{{ .InvolvedObject.Namespace }}'],
    }),
  ),
} as const;

/** The resolved values of `messageFields`. */
export interface MessageConfig {
  readonly attributes?: Readonly<Record<string, TextTemplate>>;
  readonly messageGroupId?: TextTemplate;
}

/** What a message has besides its body, as both services name it. */
export interface MessageExtras {
  readonly MessageAttributes?: Record<string, { DataType: 'String'; StringValue: string }>;
  readonly MessageGroupId?: string;
  readonly MessageDeduplicationId?: string;
}

/**
 * Refuses attributes that the services would refuse with every message.
 * @throws DeliveryError (permanent, InvalidConfig)
 */
export function checkAttributes({ attributes = {} }: MessageConfig): void {
  const wrong = Object.keys(attributes).find((name) => name.length > 256 || !attributeName.test(name));
  if (wrong === undefined) return;
  throw DeliveryError.permanent(
    `${JSON.stringify(wrong.slice(0, 100))} is no name of a message attribute: letters, digits, hyphens, underscores and ` +
      'single dots, not beginning with AWS. or Amazon.',
    'InvalidConfig',
  );
}

/** Renders what a message of SQS or SNS has besides its body. */
export function messageExtras(config: MessageConfig, event: SinkEvent, isFifo: boolean): MessageExtras {
  const attributes = Object.entries(config.attributes ?? {})
    .map(([name, template]) => [name, xmlText(template.render(event))] as const)
    .filter(([, value]) => value !== '');
  if (attributes.length < maxAttributes && !attributes.some(([name]) => name === keyAttribute)) {
    attributes.push([keyAttribute, event.key]);
  }
  const entries = attributes.map(
    ([name, value]) => [name, { DataType: 'String', StringValue: value }] as const,
  );
  const group = groupOf(config, event, isFifo);
  return {
    MessageAttributes: Object.fromEntries(entries),
    ...(group !== '' && { MessageGroupId: token(group) }),
    ...(isFifo && { MessageDeduplicationId: token(event.key) }),
  };
}

/** Counts what attributes add to the size of a message: name, type and value. */
export function attributeBytes({ MessageAttributes = {} }: MessageExtras): number {
  return Object.entries(MessageAttributes)
    .flatMap(([name, { DataType, StringValue }]) => [name, DataType, StringValue])
    .reduce((sum, text) => sum + Buffer.byteLength(text), 0);
}

/** Replaces what is not in XML 1.0 (2.2), for which SQS refuses a whole message. */
export function xmlText(text: string): string {
  return text.replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '\ufffd');
}

function groupOf({ messageGroupId }: MessageConfig, event: SinkEvent, isFifo: boolean): string {
  const { uid, kind, namespace, name } = event.event.involvedObject;
  const written = messageGroupId?.render(event) ?? '';
  if (written !== '' || !isFifo) return written;
  return uid || [kind, namespace, name].join('/');
}

/** Ids of groups and de-duplication are up to 128 letters, digits and punctuation of ASCII. */
function token(text: string): string {
  return /^[!-~]{1,128}$/.test(text) ? text : createHash('sha256').update(text).digest('hex');
}

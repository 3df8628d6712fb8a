import { type SinkEvent } from '../sink-kit/index.ts';
import { type TeamsConfig } from './teams-config.ts';

/** What every kind of card shows. */
interface Content {
  readonly title: string;
  readonly message: string;
  readonly color: Color;
  readonly facts: readonly (readonly [name: string, value: string])[];
}

/** Styles of a container of an Adaptive Card, and the colours that old cards have for them. */
const colors = {
  default: '605E5C',
  good: '107C10',
  warning: 'F7630C',
  attention: 'D13438',
  accent: '0078D4',
  emphasis: '323130',
} as const;

type Color = keyof typeof colors;

/** Renders the card of an event as the body of a request. */
export function renderCard(config: TeamsConfig, event: SinkEvent): Readonly<Record<string, unknown>> {
  const content: Content = {
    title: config.title?.render(event).trim() || ownTitle(event),
    message: config.message?.render(event) ?? event.event.message,
    color: colorOf(config, event),
    facts: factsOf(config, event).filter(([, value]) => value.trim() !== ''),
  };
  return config.format === 'MessageCard' ? messageCard(content) : adaptiveCard(content);
}

/**
 * A message with one Adaptive Card, as the workflow "Send webhook alerts to a channel" takes it.
 * https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/connectors-using
 */
function adaptiveCard({ title, message, color, facts }: Content): Readonly<Record<string, unknown>> {
  const heading = { type: 'TextBlock', text: title, weight: 'Bolder', size: 'Medium', wrap: true };
  const body = [
    { type: 'Container', style: color, bleed: true, items: [heading] },
    ...(message.trim() === '' ? [] : [{ type: 'TextBlock', text: message, wrap: true }]),
    ...(facts.length === 0
      ? []
      : [{ type: 'FactSet', facts: facts.map(([name, value]) => ({ title: name, value })) }]),
  ];
  return {
    type: 'message',
    attachments: [
      {
        contentType: 'application/vnd.microsoft.card.adaptive',
        contentUrl: null,
        content: {
          $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
          type: 'AdaptiveCard',
          version: '1.4',
          msteams: { width: 'Full' },
          body,
        },
      },
    ],
  };
}

/** https://learn.microsoft.com/outlook/actionable-messages/message-card-reference */
function messageCard({ title, message, color, facts }: Content): Readonly<Record<string, unknown>> {
  return {
    '@type': 'MessageCard',
    '@context': 'https://schema.org/extensions',
    summary: title,
    themeColor: colors[color],
    title,
    text: message,
    sections: [{ facts: facts.map(([name, value]) => ({ name, value })), markdown: false }],
  };
}

function colorOf({ color }: TeamsConfig, event: SinkEvent): Color {
  const written = color?.render(event).trim().toLowerCase() ?? '';
  if (Object.hasOwn(colors, written)) return written as Color;
  return event.event.type === 'Warning' ? 'attention' : 'good';
}

function factsOf({ facts }: TeamsConfig, event: SinkEvent): readonly (readonly [string, string])[] {
  if (facts !== undefined) {
    return Object.entries(facts).map(([name, value]) => [name, value.render(event)] as const);
  }
  const { clusterName, component, reportingController, host } = event.event;
  const source = [component || reportingController, host].filter(Boolean).join(', ');
  return [
    ['Object', objectOf(event)],
    ['Cluster', clusterName],
    ['Source', source],
    ['Count', String(event.number)],
    ['Time', event.time.toISOString()],
  ];
}

function ownTitle(event: SinkEvent): string {
  return [event.event.reason, objectOf(event)].filter(Boolean).join(': ') || 'Kubernetes event';
}

function objectOf({ event }: SinkEvent): string {
  const { kind, namespace, name } = event.involvedObject;
  return [kind, [namespace, name].filter(Boolean).join('/')].filter(Boolean).join(' ');
}

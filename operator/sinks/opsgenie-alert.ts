import { type SinkEvent, type TextTemplate } from '../sink-kit/index.ts';
import { cutText } from './cut-text.ts';
import { type OpsgenieConfig } from './opsgenie-config.ts';
import { type PriorityOf } from './opsgenie-priority.ts';

/** The body of a request; absent fields are undefined. */
export type OpsgenieBody = Readonly<Record<string, unknown>>;

/** The longest texts and lists that the API takes, in characters (https://docs.opsgenie.com/docs/alert-api#create-alert). */
const limits = {
  message: 130,
  description: 15_000,
  entity: 512,
  source: 100,
  user: 100,
  note: 25_000,
  tag: 50,
  action: 50,
  details: 8_000,
} as const;

type Party = NonNullable<OpsgenieConfig['responders']>[number];

/** Renders the alert that an event makes. */
export function renderAlert(config: OpsgenieConfig, priorityOf: PriorityOf, event: SinkEvent): OpsgenieBody {
  const { details, entity } = config;
  return {
    ...renderMessage(config, event),
    responders: renderParties(config.responders, event),
    visibleTo: renderParties(config.visibleTo, event),
    actions: renderList(config.actions, event, limits.action),
    tags: renderList(config.tags, event, limits.tag),
    details: details && renderDetails(details, event),
    entity: renderText(entity, event, limits.entity),
    priority: priorityOf(event),
    ...renderClosing(config, event),
  };
}

/** Renders what goes along when an alert is closed. */
export function renderClosing({ user, source, note }: OpsgenieConfig, event: SinkEvent): OpsgenieBody {
  const cluster = event.event.clusterName;
  const ownName = cluster === '' ? 'eventroute' : `eventroute ${cluster}`;
  return {
    source: renderText(source, event, limits.source) ?? cutText(ownName, limits.source),
    user: renderText(user, event, limits.user),
    note: renderText(note, event, limits.note),
  };
}

/** The API refuses an alert without a message. What does not fit into it is not lost: it becomes the description. */
function renderMessage(config: OpsgenieConfig, event: SinkEvent): OpsgenieBody {
  const message = config.message?.render(event).trim() || ownWords(event);
  const description = renderText(config.description, event, limits.description);
  const said = event.event.message;
  const rest = message.length > limits.message ? message : message.includes(said) ? undefined : said;
  return {
    message: cutText(message, limits.message),
    description: description ?? (rest === undefined ? undefined : cutText(rest, limits.description)),
  };
}

function ownWords({ event }: SinkEvent): string {
  const { kind, namespace, name } = event.involvedObject;
  const object = [kind, [namespace, name].filter(Boolean).join('/')].filter(Boolean).join(' ');
  return [event.reason, object].filter(Boolean).join(': ') || event.message.trim() || 'Kubernetes event';
}

function renderText(template: TextTemplate | undefined, event: SinkEvent, limit: number): string | undefined {
  const text = template?.render(event) ?? '';
  return text.trim() === '' ? undefined : cutText(text, limit);
}

function renderList(
  templates: readonly TextTemplate[] = [],
  event: SinkEvent,
  limit: number,
): string[] | undefined {
  const texts = templates.flatMap((template) => renderText(template, event, limit)?.trim() ?? []);
  return texts.length === 0 ? undefined : [...new Set(texts)];
}

function renderParties(parties: readonly Party[] = [], event: SinkEvent): OpsgenieBody[] | undefined {
  const rendered = parties.flatMap(({ type, ...identity }) => {
    const known = Object.entries(identity)
      .map(([field, template]) => [field, template.render(event).trim()] as const)
      .filter(([, value]) => value !== '' && value !== '<no value>');
    return known.length === 0 ? [] : [{ type, ...Object.fromEntries(known) }];
  });
  return rendered.length === 0 ? undefined : rendered;
}

function renderDetails(
  details: Readonly<Record<string, TextTemplate>>,
  event: SinkEvent,
): Record<string, string> {
  let room: number = limits.details;
  return Object.fromEntries(
    Object.entries(details).flatMap(([key, template]) => {
      if (room <= key.length) return [];
      const value = cutText(template.render(event), room - key.length);
      room -= key.length + value.length;
      return [[key, value]];
    }),
  );
}

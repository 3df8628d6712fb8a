import type { CreateOpsItemRequest, OpsItemDataValue, Tag } from '@aws-sdk/client-ssm';

import { DeliveryError, type SinkEvent, type TextTemplate } from '../sink-kit/index.ts';
import { parseArn } from './aws-arn.ts';
import { cutText } from './cut-text.ts';

type Templates = Readonly<Record<string, TextTemplate>>;

/** What an OpsItem is made by. */
export interface OpsItemConfig {
  readonly title: TextTemplate;
  readonly description: TextTemplate;
  readonly source: TextTemplate;
  readonly category?: TextTemplate;
  readonly severity?: TextTemplate;
  readonly priority?: TextTemplate;
  readonly dedupString?: TextTemplate;
  readonly notifications?: readonly TextTemplate[];
  readonly operationalData?: Templates;
  readonly relatedOpsItems?: readonly TextTemplate[];
  readonly tags?: Templates;
}

/** Limits of the texts in characters (API reference of CreateOpsItem); one that is longer has the OpsItem refused. */
const limits = {
  title: 1_024,
  description: 2_048,
  source: 128,
  category: 64,
  severity: 64,
  tag: 256,
} as const;
/** The limit of a value of the operational data (user guide, quotas of OpsCenter). */
const maxDataBytes = 20_480;
/** Where OpsCenter looks for the text by which it knows copies (user guide, managing duplicate OpsItems). */
const dedupKey = '/aws/dedup';

/**
 * Refuses what OpsCenter would refuse with every event.
 * @throws DeliveryError (permanent, InvalidConfig)
 */
export function checkOpsItem({ source, priority, operationalData = {} }: OpsItemConfig): void {
  if (/aws|amazon|amzn/i.test(source.constant ?? '')) {
    throw invalid('source must not contain aws, amazon or amzn, which OpsCenter keeps for its own');
  }
  if (priority?.constant !== undefined) readPriority(priority.constant, 'InvalidConfig');
  const reserved = Object.keys(operationalData).find(
    (key) => /^\/?(amazon|aws|amzn|ssm)/i.test(key) && !['/aws/resources', '/aws/automations'].includes(key),
  );
  if (reserved !== undefined) {
    throw invalid(
      `operationalData has ${JSON.stringify(reserved)}: OpsCenter keeps keys that begin with aws, amazon, amzn or ssm; ` +
        'for /aws/dedup set `dedupString`',
    );
  }
}

/** Renders an event as the request that opens its OpsItem. */
export function renderOpsItem(config: OpsItemConfig, event: SinkEvent): CreateOpsItemRequest {
  const category = cutText(config.category?.render(event) ?? '', limits.category);
  const severity = cutText(config.severity?.render(event) ?? '', limits.severity);
  const priority = config.priority?.render(event).trim() ?? '';
  return {
    Title: required('title', config.title, event),
    Description: required('description', config.description, event),
    Source: required('source', config.source, event),
    OperationalData: operationalData(config, event),
    ...(category !== '' && { Category: category }),
    ...(severity !== '' && { Severity: severity }),
    ...(priority !== '' && { Priority: readPriority(priority, 'RenderFailed') }),
    Notifications: nonEmpty(texts(config.notifications, event).map((Arn) => ({ Arn }))),
    RelatedOpsItems: nonEmpty(
      texts(config.relatedOpsItems, event).map((text) => ({ OpsItemId: idOf(text) })),
    ),
    Tags: nonEmpty(tags(config.tags, event)),
  };
}

function required(
  field: keyof typeof limits & keyof OpsItemConfig,
  template: TextTemplate,
  event: SinkEvent,
): string {
  const text = template.render(event);
  if (text.trim() !== '') return cutText(text, limits[field]);
  throw DeliveryError.permanent(`${field} is empty for this event, and OpsCenter wants one`, 'RenderFailed');
}

function readPriority(text: string, reason: DeliveryError['reason']): number {
  if (/^-?[0-9]{1,9}$/.test(text)) return Math.max(1, Math.min(Number(text), 5));
  throw DeliveryError.permanent(
    `priority is ${JSON.stringify(text.slice(0, 50))}: it has to be a whole number from 1 to 5`,
    reason,
  );
}

function operationalData(
  { operationalData: templates = {}, dedupString }: OpsItemConfig,
  event: SinkEvent,
): Record<string, OpsItemDataValue> {
  const values = Object.entries(templates).map(
    ([key, template]) => [key, cutBytes(template.render(event))] as const,
  );
  const own = dedupString?.render(event) ?? '';
  const dedup = JSON.stringify({ dedupString: own === '' ? event.key : own });
  return Object.fromEntries(
    [...values.filter(([, value]) => value !== ''), [dedupKey, dedup] as const].map(([key, Value]) => [
      key,
      { Type: 'SearchableString', Value },
    ]),
  );
}

function tags(templates: Templates = {}, event: SinkEvent): Tag[] {
  return Object.entries(templates).map(([Key, template]) => ({
    Key,
    Value: cutText(template.render(event), limits.tag),
  }));
}

function texts(templates: readonly TextTemplate[] = [], event: SinkEvent): string[] {
  return templates.map((template) => template.render(event).trim()).filter((text) => text !== '');
}

/** A list of nothing is left away. */
function nonEmpty<Item>(list: Item[]): Item[] | undefined {
  return list.length === 0 ? undefined : list;
}

/** The API takes the id alone (`oi-...`), where users have the ARN. */
function idOf(text: string): string {
  return parseArn(text)?.resource.replace(/^opsitem\//, '') ?? text;
}

function cutBytes(text: string): string {
  if (Buffer.byteLength(text) <= maxDataBytes) return text;
  const kept = Buffer.from(text)
    .subarray(0, maxDataBytes - 3)
    .toString('utf8');
  return `${kept.replace(/\ufffd$/, '')}...`;
}

function invalid(message: string): DeliveryError {
  return DeliveryError.permanent(message, 'InvalidConfig');
}

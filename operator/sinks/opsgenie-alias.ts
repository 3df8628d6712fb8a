import { createHash } from 'node:crypto';

import { type SinkEvent, type TextTemplate } from '../sink-kit/index.ts';

const limit = 512;

/**
 * Renders the alias of an event's alert, by which Opsgenie tells repeats of an open alert. Without a template, or where it
 * gives nothing, it is the Event's own identity: events that have nothing in common must not become one alert.
 */
export function renderAlias(template: TextTemplate | undefined, event: SinkEvent): string {
  const alias = template?.render(event).trim() ?? '';
  return fit(alias === '' || alias === '<no value>' ? identityOf(event) : alias);
}

/** The idempotency key without the occurrence's number: the uid of the Event. */
function identityOf({ key }: SinkEvent): string {
  return key.replace(/-\d+$/, '');
}

/** Two aliases that begin alike stay different when they are cut. */
function fit(alias: string): string {
  if (alias.length <= limit) return alias;
  const digest = createHash('sha256').update(alias).digest('hex').slice(0, 32);
  return `${alias.slice(0, limit - digest.length - 1).toWellFormed()}-${digest}`;
}

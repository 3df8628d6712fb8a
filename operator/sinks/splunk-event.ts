import { encodePayload, type SinkEvent, type TextTemplate } from '../sink-kit/index.ts';
import { type SplunkConfig } from './splunk-config.ts';

/** An event rendered for the collector. */
export interface SplunkPayload {
  /** The collector's object for the event, as JSON. */
  readonly text: string;
  readonly index: string;
}

/** Renders an event as the collector's "event" endpoint takes it. */
export function encodeSplunkEvent(settings: SplunkConfig, event: SinkEvent): SplunkPayload {
  const index = textOf(settings.index, event);
  const members = [
    // Seconds with milliseconds, as a number.
    `"time":${(event.time.getTime() / 1_000).toFixed(3)}`,
    ...member('host', settings.host === undefined ? event.event.host : textOf(settings.host, event)),
    ...member('source', textOf(settings.source, event)),
    ...member('sourcetype', textOf(settings.sourcetype, event)),
    ...member('index', index),
    `"event":${encodePayload(settings, event)}`,
    `"fields":${JSON.stringify(fieldsOf(settings, event))}`,
  ];
  return { text: `{${members.join(',')}}`, index };
}

function fieldsOf({ fields = {} }: SplunkConfig, event: SinkEvent): Record<string, string> {
  const rendered = Object.entries(fields).map(([name, template]) => [name, textOf(template, event)] as const);
  return {
    eventroute_key: event.key,
    ...Object.fromEntries(rendered.filter(([, value]) => value !== '')),
  };
}

function textOf(template: TextTemplate | undefined, event: SinkEvent): string {
  return template?.render(event).trim().toWellFormed() ?? '';
}

/** Splunk refuses empty values, and an absent one means the token's own. */
function member(name: string, value: string): string[] {
  return value === '' ? [] : [`${JSON.stringify(name)}:${JSON.stringify(value)}`];
}

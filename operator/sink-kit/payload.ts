import { Type } from '@sinclair/typebox';

import { exporterJson } from '../event/exporter-json.ts';
import { goJson } from '../event/go-json.ts';
import { type Encoded, type SinkEvent } from './sink.ts';
import { type EventLayout, Layout } from './template-fields.ts';

/** The fields of sinks that send the event's document; spread them into the sink's config. */
export const payloadFields = {
  layout: Type.Optional(
    Layout({
      description:
        'The document to send instead of the whole event: any object; its texts may hold Go templates. ' +
        'Without it the event is sent as the kubernetes-event-exporter sends it.',
      examples: [{ message: '{{ .Message }}', object: '{{ .InvolvedObject.Name }}' }],
    }),
  ),
  deDot: Type.Optional(
    Type.Boolean({
      description:
        'Writes underscores for the dots in the keys of labels and annotations, for systems that read a dot as nesting.',
      default: false,
    }),
  ),
} as const;

/** The resolved values of `payloadFields`. */
export interface PayloadConfig {
  readonly layout?: EventLayout;
  readonly deDot?: boolean;
}

/** Renders the JSON text of an event: the user's layout, else the exporter's document. */
export function encodePayload(config: PayloadConfig, event: SinkEvent): string {
  const { layout, deDot = false } = config;
  if (layout === undefined) return exporterJson(event.event, { deDot, deadLetter: event.deadLetter });
  return goJson(layout.render(event, { deDot }));
}

/** Wraps a text that is sent as it is, with its size in bytes. */
export function textPayload(text: string): Encoded<string> {
  return { payload: text, bytes: Buffer.byteLength(text) };
}

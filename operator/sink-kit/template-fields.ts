import type { TUnsafe } from '@sinclair/typebox';

import { field, type FieldOptions } from '../schema/fields.ts';
import { type SinkEvent } from './sink.ts';

/** A text of the user's with Go templates in it, compiled. */
export interface TextTemplate {
  /** The whole text, when there is no template in it; undefined when it differs from event to event. */
  readonly constant: string | undefined;
  /** Renders the text for an event; throws when the template fails on it. */
  render(event: SinkEvent): string;
}

/** How an event's document is made. */
export interface DocumentOptions {
  /** Dots in the keys of labels and annotations become underscores. */
  readonly deDot?: boolean;
}

/** A document of the user's whose texts are Go templates, compiled. */
export interface EventLayout {
  /** Renders the document as plain JSON data; throws when a template fails on the event. */
  render(event: SinkEvent, options?: DocumentOptions): unknown;
}

/** Declares a text that may hold Go templates; code gets it compiled. */
export function Template(options: FieldOptions & Record<string, unknown>): TUnsafe<TextTemplate> {
  return field<TextTemplate>('template', { type: 'string', ...options });
}

/** Declares a document of any shape whose texts may hold Go templates; code gets it compiled. */
export function Layout(options: FieldOptions): TUnsafe<EventLayout> {
  return field<EventLayout>('layout', {
    type: 'object',
    additionalProperties: true,
    'x-kubernetes-preserve-unknown-fields': true,
    ...options,
  });
}

/** A template that can be compiled once more with other words around its actions. */
export interface MarkupText extends TextTemplate {
  /** Compiles it with what stands outside of its actions changed. */
  mapLiterals(map: (literal: string) => string): MarkupText;
}

/** A layout that can be compiled once more with other words around the actions of its texts. */
export interface MarkupDocument extends EventLayout {
  /** Compiles it with what stands outside of actions changed; keys stay. */
  mapLiterals(map: (literal: string) => string): MarkupDocument;
}

/** Declares a template whose text has a markup: its own marks can be told from those that an event brings in. */
export function MarkupTemplate(options: FieldOptions): TUnsafe<MarkupText> {
  return field<MarkupText>('template', { type: 'string', ...options });
}

/** Declares a layout whose texts have a markup: its own marks can be told from those that an event brings in. */
export function MarkupLayout(options: FieldOptions): TUnsafe<MarkupDocument> {
  return field<MarkupDocument>('layout', {
    type: 'object',
    additionalProperties: true,
    'x-kubernetes-preserve-unknown-fields': true,
    ...options,
  });
}

import { checkHeaderName, headerValue } from './http-headers.ts';
import { type SinkEvent } from './sink.ts';
import { type TextTemplate } from './template-fields.ts';

/**
 * Checks header fields whose values are templates and gives what renders them for an event.
 * @throws DeliveryError (permanent, InvalidConfig) for a name that is none or not the user's to set.
 */
export function compileHeaders(
  headers: Readonly<Record<string, TextTemplate>> = {},
): (event: SinkEvent) => Record<string, string> {
  const entries = Object.entries(headers);
  entries.forEach(([name]) => checkHeaderName(name));
  return (event) =>
    Object.fromEntries(entries.map(([name, value]) => [name, headerValue(name, value.render(event))]));
}

import { compileText } from './compile.ts';
import { DeliveryError } from './delivery-error.ts';
import { isError } from './error-chain.ts';
import { type SinkEvent } from './sink.ts';

/** Where a sink's requests go: one URL, or one for each event on one host. */
export interface UrlTemplate {
  /** Host and port, for people. */
  readonly endpoint: string;
  /** A URL of the host, with its user info if there is one; without what templates add. */
  readonly base: URL;
  /** The URL for an event; throws when the event's text would lead elsewhere on the host. */
  render(event: SinkEvent): string;
}

/**
 * Reads a URL of the user's whose path and query may hold Go templates. Scheme and host may not, so that no event can
 * choose where it goes; `name` is the field's, for errors.
 * @throws DeliveryError (permanent, InvalidConfig or InvalidTemplate), without the URL: it may be a credential.
 */
export function createUrlTemplate(source: string, name: string): UrlTemplate {
  const text = source.trim();
  const fixed = text.split('{{', 1)[0] ?? '';
  const base = URL.parse(fixed);
  if (base === null || !/^https?:$/.test(base.protocol)) {
    throw invalid(`${name} is no URL that begins with http:// or https:// and a host`);
  }
  if (fixed === text) return { endpoint: base.host, base, render: () => text };
  if (!/^https?:\/\/[^/?#]+[/?#]/i.test(fixed)) {
    throw invalid(
      `${name} has a template before the path begins: scheme, host and port have to be fixed text`,
    );
  }
  const template = compile(text, name);
  const render = (event: SinkEvent) => {
    const url = template.render(event);
    refuseDetours(url, name);
    return url;
  };
  return { endpoint: base.host, base, render };
}

function compile(text: string, name: string): ReturnType<typeof compileText> {
  try {
    return compileText(text, name);
  } catch (cause) {
    const message = isError(cause) ? cause.message : String(cause);
    throw DeliveryError.permanent(`${name} does not compile: ${message}`, 'InvalidTemplate', cause);
  }
}

/** What an event says must not climb out of the path that the user wrote. */
function refuseDetours(url: string, name: string): void {
  const [path = ''] = url.split(/[?#]/, 1);
  // The URL parser reads `%2e` as a dot and a backslash as a slash, and leaves tabs and line breaks away.
  const segments = path.replace(/%2e/gi, '.').split(/[/\\]/);

  if (segments.includes('..') || segments.includes('.') || /[\u0000-\u0020\u007f\\]/.test(url)) {
    throw DeliveryError.permanent(
      `${name} gives no usable URL for this event: its values hold spaces, control characters or dot segments; ` +
        'put `| urlquery` behind them',
      'RenderFailed',
    );
  }
}

function invalid(message: string): DeliveryError {
  return DeliveryError.permanent(message, 'InvalidConfig');
}

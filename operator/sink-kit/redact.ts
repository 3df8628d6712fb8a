import type { Static, TObject } from '@sinclair/typebox';

import { DeliveryError } from './delivery-error.ts';
import { isError } from './error-chain.ts';
import { secretForms } from './secret-forms.ts';
import { type Sink, type SinkContext, type SinkDefinition } from './sink.ts';

const mask = '***';
/** What stands where an excerpt was cut. */
const cut = '...';
const shortestBeginning = 4;
const maxDepth = 8;

/** Takes secrets out of texts and errors. */
export interface Redactor {
  text(text: string): string;
  /** Copies an error without its secrets: message, stack, causes, and of its other fields the code alone. */
  error(thrown: unknown): unknown;
}

/** Creates a redactor for some secrets; those of fewer than four characters are left, they would mask words. */
export function createRedactor(secrets: readonly string[]): Redactor {
  // The longest first: a form may hold another.
  const forms = [...new Set(secrets.flatMap(secretForms))].sort((a, b) => b.length - a.length);
  const text = (before: string) =>
    maskCuts(
      forms.reduce((masked, form) => masked.replaceAll(form, mask), before),
      forms,
    );
  return { text, error: (thrown) => copyError(thrown, text, 0) };
}

/** An excerpt may end inside of a secret; what is left of it there is no less of a secret. */
function maskCuts(text: string, forms: readonly string[]): string {
  if (!text.includes(cut)) return text;
  const pieces = text.split(cut);
  const last = pieces.pop() ?? '';
  return [...pieces.map((piece) => withoutBeginningOf(forms, piece)), last].join(cut);
}

function withoutBeginningOf(forms: readonly string[], piece: string): string {
  for (const form of forms) {
    for (let length = Math.min(form.length - 1, piece.length); length >= shortestBeginning; length -= 1) {
      if (piece.endsWith(form.slice(0, length))) return `${piece.slice(0, -length)}${mask}`;
    }
  }
  return piece;
}

/**
 * Wraps a sink so that none of its errors, and not its endpoint, shows a secret, whatever a library or the other system
 * puts into its texts.
 */
export function withRedaction<Payload>(sink: Sink<Payload>, secrets: readonly string[]): Sink<Payload> {
  return redactSink(sink, createRedactor(secrets));
}

/** Opens a sink with redaction around all that it says: errors of opening, warnings, the sink's own errors. */
export async function openSink<Config extends TObject, Payload>(
  definition: SinkDefinition<Config, Payload>,
  resolved: { readonly config: Static<Config>; readonly secrets: readonly string[] },
  context: SinkContext,
): Promise<Sink<Payload>> {
  const redactor = createRedactor(resolved.secrets);
  const warn = (message: string) => context.warn(redactor.text(message));
  try {
    return redactSink(await definition.open(resolved.config, { ...context, warn }), redactor);
  } catch (error) {
    throw redactor.error(error);
  }
}

function redactSink<Payload>(sink: Sink<Payload>, redactor: Redactor): Sink<Payload> {
  const guarded = async (signal: AbortSignal | undefined, step: () => Promise<void>) => {
    try {
      await step();
    } catch (error) {
      // The reason of an abort is the caller's own and may be compared with.
      if (signal?.aborted === true && error === signal.reason) throw error;
      throw redactor.error(error);
    }
  };
  return {
    endpoint: redactor.text(sink.endpoint),
    encode: (event) => {
      try {
        return sink.encode(event);
      } catch (error) {
        throw redactor.error(error);
      }
    },
    send: (batch, signal) => guarded(signal, () => sink.send(batch, signal)),
    ...(sink.check !== undefined && {
      check: (signal: AbortSignal) => guarded(signal, async () => sink.check?.(signal)),
    }),
    close: () => guarded(undefined, () => sink.close()),
  };
}

function copyError(thrown: unknown, text: (before: string) => string, depth: number): unknown {
  if (typeof thrown === 'string') return text(thrown);
  if (!isError(thrown)) return depth === 0 ? new Error('an unknown error was thrown') : undefined;
  if (depth >= maxDepth) return undefined;
  const part = (inner: unknown) => copyError(inner, text, depth + 1);
  const copy =
    thrown instanceof DeliveryError ? copyDeliveryError(thrown, text, part) : copyForeign(thrown, text, part);
  hide(copy, 'stack', text(thrown.stack ?? ''));
  return copy;
}

function copyDeliveryError(
  error: DeliveryError,
  text: (before: string) => string,
  part: (inner: unknown) => unknown,
): DeliveryError {
  const { reason, permanent, retryAfterMs, results, cause } = error;
  return new DeliveryError(text(error.message), {
    reason,
    permanent,
    ...(retryAfterMs !== undefined && { retryAfterMs }),
    ...(results !== undefined && {
      results: results.map((result) => part(result) as DeliveryError | undefined),
    }),
    ...(cause !== undefined && { cause: part(cause) }),
  });
}

/** Other fields of foreign errors are left away: clients hang requests with their headers on them. */
function copyForeign(
  error: Error,
  text: (before: string) => string,
  part: (inner: unknown) => unknown,
): Error {
  const cause = error.cause === undefined ? {} : { cause: part(error.cause) };
  const { errors } = error as { errors?: unknown };
  const copy = Array.isArray(errors)
    ? new AggregateError(errors.map(part), text(error.message), cause)
    : new Error(text(error.message), cause);
  hide(copy, 'name', error.name);
  const { code } = error as NodeJS.ErrnoException;
  if (typeof code === 'string') Object.assign(copy, { code });
  return copy;
}

function hide(error: Error, name: string, value: string): void {
  Object.defineProperty(error, name, { value, configurable: true, writable: true, enumerable: false });
}

import { type Reason } from '../schema/reasons.ts';
import { DeliveryError } from './delivery-error.ts';

/** Header fields of a request; names in any case. */
export type Headers = Readonly<Record<string, string>>;

/** Fields that belong to the connection or to the body's framing, which the HTTP client alone decides. */
const reserved: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'expect',
  'keep-alive',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** Puts groups of header fields together, the later ones before the earlier; case of the names does not matter. */
export function mergeHeaders(...groups: (Headers | undefined)[]): Record<string, string> {
  const merged: Record<string, string> = {};
  for (const group of groups) {
    for (const [name, value] of Object.entries(group ?? {})) merged[name.toLowerCase()] = value;
  }
  return merged;
}

/**
 * Checks a name of a header field that a user wrote.
 * @throws DeliveryError (permanent, InvalidConfig) for what is no name (RFC 9110 5.6.2) or not the user's to set.
 */
export function checkHeaderName(name: string): void {
  if (!/^[\w!#$%&'*+.^`|~-]+$/.test(name)) {
    throw DeliveryError.permanent(`${JSON.stringify(name)} is no name of an HTTP header`, 'InvalidConfig');
  }
  if (reserved.has(name.toLowerCase())) {
    throw DeliveryError.permanent(
      `the header ${name} is set by the HTTP client and cannot be configured`,
      'InvalidConfig',
    );
  }
}

/**
 * Makes a value that may go on the wire: UTF-8 as Go sends it, without white space around it.
 * @throws DeliveryError (permanent, with the given reason) for line breaks and other control characters, by which a value could
 * bring in header fields of its own.
 */
export function headerValue(name: string, value: string, reason: Reason = 'RenderFailed'): string {
  const trimmed = value.replace(/^[ \t]+|[ \t]+$/g, '');

  if (/[\u0000-\u0008\u000a-\u001f\u007f]/.test(trimmed)) {
    throw DeliveryError.permanent(
      `the value of header ${name} holds a line break or another control character`,
      reason,
    );
  }
  return Buffer.from(trimmed, 'utf8').toString('latin1');
}

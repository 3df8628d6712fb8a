import { createHash } from 'node:crypto';

/**
 * Makes a uid for an Event that no API server has: the same text makes the same one. It looks as others do; its version, 8,
 * stands for rules of one's own (RFC 9562, section 5.8).
 */
export function derivedUid(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex');
  const variant = ((parseInt(hex.charAt(16), 16) & 3) | 8).toString(16);
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    `${variant}${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join('-');
}

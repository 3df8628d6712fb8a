import { checkHeaderName, DeliveryError, headerValue, type TextTemplate } from '../sink-kit/index.ts';

/** Methods that are not for sending something to a server. */
const otherMethods: ReadonlySet<string> = new Set(['CONNECT', 'TRACE', 'HEAD']);

/** Refuses methods by which no event can be sent. */
export function checkMethod(method: string): void {
  if (!otherMethods.has(method)) return;
  throw DeliveryError.permanent(
    `method ${method} sends nothing to a server; use POST or PUT`,
    'InvalidConfig',
  );
}

/** Checks the headers that a Secret holds; their values are never told. */
export function secretHeaders(headers: Readonly<Record<string, string>> = {}): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => {
      checkHeaderName(name);
      return [name, headerValue(name, value, 'InvalidConfig')];
    }),
  );
}

/** Lists the values of headers in plain text that are credentials by their name, so that errors do not show them. */
export function credentialsIn(headers: Readonly<Record<string, TextTemplate>> = {}): string[] {
  return Object.entries(headers)
    .filter(([name]) => /auth|cookie|credential|key|pass|secret|signature|token/i.test(name))
    .flatMap(([, { constant = '' }]) => [constant, constant.slice(constant.indexOf(' ') + 1)]);
}

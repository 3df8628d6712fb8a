import { checkHeaderName, headerValue, mergeHeaders, type SinkContext } from '../sink-kit/index.ts';
import { credentialsIn, secretHeaders } from './webhook-headers.ts';

/** The headers of a sink's requests as the user wrote them. */
interface HeaderConfig {
  readonly headers?: Readonly<Record<string, string>>;
  readonly headersSecretRef?: Readonly<Record<string, string>>;
}

/** They say in which form requests and answers are, which is not the user's to decide. */
const ours: ReadonlySet<string> = new Set(['accept', 'accept-encoding', 'content-encoding', 'content-type']);

/**
 * Makes the headers of every request.
 * @throws DeliveryError (permanent, InvalidConfig) for what is no header.
 */
export function searchHeaders(
  { headers = {}, headersSecretRef }: HeaderConfig,
  warn: SinkContext['warn'],
): Record<string, string> {
  const plain = Object.entries(headers).map(([name, value]) => {
    checkHeaderName(name);
    return [name, headerValue(name, value, 'InvalidConfig')] as const;
  });
  const merged = mergeHeaders(Object.fromEntries(plain), secretHeaders(headersSecretRef));
  for (const name of Object.keys(merged).filter((each) => ours.has(each))) {
    warn(`the header ${name} is not sent as configured: it belongs to bulk requests`);
  }
  return Object.fromEntries(Object.entries(merged).filter(([name]) => !ours.has(name)));
}

/** Lists the values of plain headers that are credentials by their name. */
export function secretsInHeaders({ headers = {} }: HeaderConfig): string[] {
  return credentialsIn(
    Object.fromEntries(
      Object.entries(headers).map(([name, constant]) => [name, { constant, render: () => constant }]),
    ),
  );
}

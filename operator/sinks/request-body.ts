import { promisify } from 'node:util';
import { gzip } from 'node:zlib';

import { OneOf, Type } from '../sink-kit/index.ts';

const compress = promisify(gzip);
/** What fits into one packet gains nothing by compression. */
const smallestBytes = 1_400;

/** The field of sinks whose system takes compressed requests. */
export const compressionField = Type.Optional(
  OneOf(['Gzip', 'None'], {
    description: 'How the bodies of requests are compressed; small ones never are.',
    default: 'Gzip',
  }),
);

/** A body as it goes over the wire, with the header fields that tell of it. */
export interface RequestBody {
  readonly body: string | Uint8Array;
  readonly headers: Readonly<Record<string, string>>;
}

/** Makes the body of a request out of JSON text. */
export async function jsonBody(text: string, compression: 'Gzip' | 'None' = 'Gzip'): Promise<RequestBody> {
  const headers = { 'content-type': 'application/json' };
  if (compression === 'None' || text.length < smallestBytes) return { body: text, headers };
  return { body: await compress(text), headers: { ...headers, 'content-encoding': 'gzip' } };
}

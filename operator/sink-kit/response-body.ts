import type { Dispatcher } from 'undici';

/** What is thrown away of a body that is too long, before the connection is dropped instead. */
const maxWastedBytes = 1_048_576;

/** Reads a body up to a limit; the rest is drained, so that the connection can be used again, or dropped when endless. */
export async function readBody(
  body: Dispatcher.ResponseData['body'],
  maxBytes: number,
): Promise<{ bodyText: string; isCut: boolean }> {
  const kept: Buffer[] = [];
  let total = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    if (total < maxBytes) kept.push(chunk.subarray(0, maxBytes - total));
    total += chunk.length;
    // Leaving the loop destroys the body and with it the connection.
    if (total > maxBytes + maxWastedBytes) break;
  }
  return { bodyText: Buffer.concat(kept).toString('utf8'), isCut: total > maxBytes };
}

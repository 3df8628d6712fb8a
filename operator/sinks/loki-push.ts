import { DeliveryError, type Outgoing } from '../sink-kit/index.ts';
import { type LokiEntry } from './loki-entry.ts';

const pushPath = '/loki/api/v1/push';

/** A push that stores nothing; it tells whether one would be taken. Loki 3 refuses a push without any stream. */
export const emptyPush = JSON.stringify({ streams: [{ stream: { job: 'eventroute' }, values: [] }] });

/**
 * Completes Loki's address with the path of its push API.
 * @throws DeliveryError (permanent, InvalidConfig), without the address: it may be a credential.
 */
export function pushUrl(text: string): URL {
  const url = URL.parse(text.trim());
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw DeliveryError.permanent(
      'url is no URL that begins with http:// or https:// and a host',
      'InvalidConfig',
    );
  }
  const path = url.pathname.replace(/\/+$/, '');
  if (path.endsWith('/push')) return url;
  url.pathname = path.endsWith('/loki/api/v1') ? `${path}/push` : path + pushPath;
  return url;
}

/** Writes entries as one push: a stream for each set of labels, its entries in order of their time. */
export function pushOf(entries: readonly Outgoing<LokiEntry>[]): string {
  const streams = [...Map.groupBy(entries, ({ payload }) => payload.stream)].map(([stream, members]) => {
    const values = members
      .map(({ payload }) => payload)
      .sort((a, b) => Number(a.timestamp - b.timestamp))
      .map(({ text }) => text);
    return `{"stream":${stream},"values":[${values.join(',')}]}`;
  });
  return `{"streams":[${streams.join(',')}]}`;
}

import { DeliveryError, defineSink, type Outgoing, sendInOrder } from '../sink-kit/index.ts';
import { closable } from './closable.ts';
import { createConnectionPool } from './connection-pool.ts';
import { createEntryEncoder, type RedisEntry, type RedisEntryConfig } from './redis-entry.ts';
import { redisConfig } from './redis-fields.ts';
import { createRedisLink, type RedisLink } from './redis-link.ts';
import { createRedisTarget } from './redis-target.ts';

const tenMinutesMs = 600_000;

export default defineSink({
  summary: 'Writes each event to a stream, list or channel of Redis or Valkey.',
  config: redisConfig,
  example: {
    address: 'redis.cache:6379',
    username: 'eventroute',
    passwordSecretRef: { name: 'redis', key: 'password' },
    key: 'kubernetes-events',
    maxLength: 100_000,
  },
  defaults: { batch: { maxEvents: 500, maxWaitMs: 100 }, concurrency: 2 },
  open(config, context) {
    const { mode = 'Stream', deduplicationWindow = mode === 'Channel' ? 0 : tenMinutesMs } = config;
    const target = createRedisTarget(config);
    const encode = createEntryEncoder(config);
    const trim = mode === 'List' ? trimming(config) : undefined;
    const connect = (): RedisLink =>
      createRedisLink({
        target,
        isAddressAllowed: context.isAddressAllowed,
        knownForMs: deduplicationWindow,
        warn: context.warn,
        ...(trim !== undefined && { trim }),
      });
    const pool = createConnectionPool(connect);
    const send = async (batch: readonly Outgoing<RedisEntry>[], signal: AbortSignal): Promise<void> => {
      const entries = batch.map(({ payload }) => payload);
      const results = await pool.use((link) => link.write(entries), signal);
      const failed = results.filter((result) => result !== undefined);
      if (failed[0] !== undefined) throw DeliveryError.partial(failed[0].message, results);
    };
    const { constant } = config.key;
    return closable({
      endpoint: target.endpoint,
      encode,
      send: (batch, signal) => sendInOrder(batch, [{ events: batch, send: () => send(batch, signal) }]),
      check: (signal) =>
        pool.use((link) => link.check(constant, exampleOf(constant ?? '', mode, config)), signal),
      // eslint-disable-next-line @typescript-eslint/require-await -- closing is asynchronous for the caller
      close: async () => pool.close(),
    });
  },
});

function trimming({ maxLength, push }: RedisEntryConfig): ((key: string) => string[]) | undefined {
  if (maxLength === undefined) return undefined;
  const [start, end] = push === 'Head' ? [0, maxLength - 1] : [-maxLength, -1];
  return (key) => ['LTRIM', key, String(start), String(end)];
}

/** A command like those that are sent, to ask for our rights with. */
function exampleOf(key: string, mode: string, { push }: RedisEntryConfig): readonly string[] {
  if (mode === 'Stream') return ['XADD', key, '*', 'key', '', 'event', ''];
  if (mode === 'List') return [push === 'Head' ? 'LPUSH' : 'RPUSH', key, ''];
  return ['PUBLISH', key, ''];
}

import { type AddressGuard, DeliveryError } from '../sink-kit/index.ts';
import { type PooledConnection } from './connection-pool.ts';
import { connectRedis, type RedisClient } from './redis-client.ts';
import { type RedisEntry } from './redis-entry.ts';
import { isFinal, toRedisError } from './redis-error.ts';
import { type RedisTarget } from './redis-target.ts';

/** How entries are written. */
export interface RedisLinkOptions {
  readonly target: RedisTarget;
  readonly isAddressAllowed: AddressGuard | undefined;
  /** How long an event is known, in milliseconds; 0 writes without asking. */
  readonly knownForMs: number;
  /** Cuts a list after something was pushed to it. */
  readonly trim?: (key: string) => readonly string[];
  readonly warn: (message: string) => void;
}

/** What failed each entry; undefined where it was written. */
export type RedisResults = readonly (DeliveryError | undefined)[];

/** A connection for one batch at a time. */
export interface RedisLink extends PooledConnection {
  /** Writes entries in one go. Throws when the connection is good for nothing more, else tells each entry's own fate. */
  write(entries: readonly RedisEntry[]): Promise<RedisResults>;
  /** Asks whether we may write and whether the key is of the right type; undefined stands for any key. */
  check(key: string | undefined, example: readonly string[]): Promise<void>;
}

/**
 * Writes unless the marker says that this was done. The two steps have to be one, and no two commands are: a marker that
 * is set first may be left without its entry, one that is set last comes too late. MULTI cannot make one command depend on
 * another, WATCH knows no redirections of a cluster; and XADD's own IDMP (Redis 8.6) knows streams alone, and a hundred
 * events at most unless it is set up. So it is a script, of commands that every version has.
 */
const writeOnce = `if redis.call('EXISTS', KEYS[2]) == 1 then return 0 end
redis.call(unpack(ARGV, 2))
redis.call('SET', KEYS[2], '1', 'PX', ARGV[1])
return 1`;

/** Asks for our rights, which Redis tells scripts from version 7 on, and for the type of the key; changes nothing. */
const askOnly = `if redis.acl_check_cmd and not redis.acl_check_cmd(unpack(ARGV)) then
return redis.error_reply('NOPERM this user may not run ' .. ARGV[1] .. ' on ' .. KEYS[1]) end
return 1`;

/** Creates a link, which connects when it is used. */
export function createRedisLink(options: RedisLinkOptions): RedisLink {
  return new ClientLink(options);
}

class ClientLink implements RedisLink {
  readonly #options: RedisLinkOptions;
  readonly #opened: { destroy: () => void }[] = [];
  #client: Promise<RedisClient> | undefined;
  #isDestroyed = false;

  constructor(options: RedisLinkOptions) {
    this.#options = options;
  }

  async write(entries: readonly RedisEntry[]): Promise<RedisResults> {
    const client = await this.#connect();
    // Commands that are given in one turn of the loop go out as one pipeline.
    const writing = Promise.allSettled(entries.map((entry) => this.#write(client, entry)));
    const trimming = this.#trim(client, entries);
    const outcomes = await writing;
    await trimming;
    const results = outcomes.map((outcome, index) =>
      outcome.status === 'fulfilled' ? undefined : this.#describe(outcome.reason, entries[index]?.key),
    );
    const first = results.find((result) => result !== undefined);
    if (first === undefined || !outcomes.some((each) => each.status === 'rejected' && isFinal(each.reason)))
      return results;
    if (results.every((result) => result?.message === first.message)) throw first;
    throw DeliveryError.partial(first.message, results);
  }

  async check(key: string | undefined, example: readonly string[]): Promise<void> {
    const client = await this.#connect();
    if (key === undefined) {
      await this.#ignoringRefusal(() => client.run(['PING']));
      return;
    }
    const { knownForMs } = this.#options;
    const asks = [
      this.#ignoringRefusal(() => client.run(['TYPE', key], key), key),
      ...(knownForMs > 0 ? [client.run(['EVAL', askOnly, '1', key, ...example], key)] : []),
    ];
    const [type] = await Promise.all(asks).catch((error: unknown) => {
      throw this.#describe(error, key);
    });
    checkType(key, typeof type === 'string' ? type : 'none', example);
  }

  destroy(): void {
    this.#isDestroyed = true;
    for (const client of this.#opened.splice(0)) destroySafely(client);
  }

  #connect(): Promise<RedisClient> {
    const { target, isAddressAllowed } = this.#options;
    this.#client ??= connectRedis(target, isAddressAllowed, (client) => {
      if (this.#isDestroyed) throw DeliveryError.retry('the connection was closed', 'ShuttingDown');
      this.#opened.push(client);
    });
    return this.#client;
  }

  #write(client: RedisClient, { key, command, marker }: RedisEntry): Promise<unknown> {
    const { knownForMs } = this.#options;
    if (knownForMs === 0) return client.run(command, key);
    return client.run(['EVAL', writeOnce, '2', key, marker, String(knownForMs), ...command], key);
  }

  async #trim(client: RedisClient, entries: readonly RedisEntry[]): Promise<void> {
    const { trim, warn } = this.#options;
    if (trim === undefined) return;
    const keys = [...new Set(entries.map(({ key }) => key))];
    const outcomes = await Promise.allSettled(keys.map((key) => client.run(trim(key), key)));
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failed !== undefined)
      warn(`a list could not be cut to maxLength: ${this.#describe(failed.reason).message}`);
  }

  /** The check must not need more rights than a write does. */
  async #ignoringRefusal(ask: () => Promise<unknown>, key?: string): Promise<unknown> {
    try {
      return await ask();
    } catch (error) {
      const failure = this.#describe(error, key);
      if (failure.reason === 'Forbidden') return undefined;
      throw failure;
    }
  }

  #describe(error: unknown, key?: string): DeliveryError {
    return toRedisError(error, {
      endpoint: this.#options.target.endpoint,
      ...(key !== undefined && { key }),
    });
  }
}

const typesByCommand: Readonly<Record<string, string>> = { XADD: 'stream', RPUSH: 'list', LPUSH: 'list' };

function checkType(key: string, found: string, [command = '']: readonly string[]): void {
  const wanted = typesByCommand[command];
  if (wanted === undefined || found === 'none' || found === wanted) return;
  throw DeliveryError.retry(
    `key ${key} holds a ${found}, and mode writes a ${wanted}: choose another key`,
    'Rejected',
  );
}

/** A client that is closed already says so by throwing. */
function destroySafely(client: { destroy: () => void }): void {
  try {
    client.destroy();
  } catch {
    // it is what we want
  }
}

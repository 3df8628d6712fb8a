import { closeSync, openSync } from 'node:fs';
import { DatabaseSync, type StatementSync } from 'node:sqlite';

import { crc32 } from 'node:zlib';

import { checksumOf, verify } from './damage.ts';

/** How far a receiver has come; `uid` tells it from an older one of its name. */
export interface Cursor {
  /** `namespace/name`. */
  readonly receiver: string;
  readonly uid: string;
  readonly position: string;
  readonly time: Date;
}

/** A stretch of the source of which everything that a receiver waits for is in the file: after `start`, up to `end`. */
export interface Segment {
  readonly id: number;
  start: string;
  end: string;
  /** When the source was at its end. */
  endTime: Date;
  /** Its blocks; the first is greater than the last when it has none. */
  firstBlock: number;
  lastBlock: number;
}

/** What can be told of a block without its body. */
export interface BlockFacts {
  /** The position of its last occurrence. */
  readonly last: string;
  readonly events: number;
}

/** Some occurrences in a row. */
export interface StoredBlock extends BlockFacts {
  readonly body: Uint8Array;
}

/** The SQLite file of a spool; every method throws what SQLite throws, or DamagedSpool. */
export interface SpoolFile {
  segments(): Segment[];
  cursors(): Cursor[];
  /** Does all of it or nothing; what is written then survives the end of the process. */
  transaction(work: () => void): void;
  /** Writes a new segment, or what changed of it. */
  putSegment(segment: Segment): void;
  /** Forgets a segment and its blocks. */
  removeSegment(segment: Segment): void;
  putBlock(number: number, segment: Segment, block: StoredBlock): void;
  block(number: number): StoredBlock;
  blockFacts(number: number): BlockFacts;
  removeBlocksBefore(number: number): void;
  putCursor(cursor: Cursor): void;
  removeCursor(receiver: string): void;
  /** Bytes in use, without what was freed and will be used again. */
  usedBytes(): number;
  close(): void;
}

const schemaVersion = 1;

// NORMAL: a commit survives the end of the process; after a power cut the last ones may be missing, and the API server still
// has those. EXCLUSIVE: two processes that write to one spool would each miss what the other wrote.
const setUp = `
  PRAGMA locking_mode = EXCLUSIVE;
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = NORMAL;
  PRAGMA journal_size_limit = 16777216;
  CREATE TABLE IF NOT EXISTS segment (
    id INTEGER PRIMARY KEY, start TEXT NOT NULL, "end" TEXT NOT NULL, end_time INTEGER NOT NULL,
    checksum INTEGER NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS block (
    number INTEGER PRIMARY KEY, segment INTEGER NOT NULL, last TEXT NOT NULL, events INTEGER NOT NULL,
    checksum INTEGER NOT NULL, body_checksum INTEGER NOT NULL, body BLOB NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS cursor (
    receiver TEXT PRIMARY KEY, uid TEXT NOT NULL, position TEXT NOT NULL, time INTEGER NOT NULL,
    checksum INTEGER NOT NULL) STRICT;
  PRAGMA user_version = ${schemaVersion};
`;

/** Opens a spool's file, or makes it; `maxBytes` is a limit that SQLite itself keeps. */
export function openSpoolFile(path: string, { maxBytes }: { readonly maxBytes: number }): SpoolFile {
  // Events may tell more than everybody on the machine should know
  closeSync(openSync(path, 'a', 0o600));
  const database = new DatabaseSync(path);
  try {
    const { user_version: version } = database.prepare('PRAGMA user_version').get() as Row;
    if (Number(version) > schemaVersion) throw new NewerSpool(path);
    database.exec(setUp);
    const { page_size: pageBytes } = database.prepare('PRAGMA page_size').get() as Row;
    database.exec(`PRAGMA max_page_count = ${Math.ceil(maxBytes / Number(pageBytes))}`);
    return new SqliteSpoolFile(database, Number(pageBytes));
  } catch (error) {
    database.close();
    throw error;
  }
}

/** A file that a later version of the operator wrote. */
class NewerSpool extends Error {
  constructor(path: string) {
    super(`${path} was written by a newer version; empty the data directory to use it with this one`);
  }
}

type Row = Readonly<Record<string, unknown>>;

class SqliteSpoolFile implements SpoolFile {
  readonly #database: DatabaseSync;
  readonly #pageBytes: number;
  readonly #statements = new Map<string, StatementSync>();

  constructor(database: DatabaseSync, pageBytes: number) {
    this.#database = database;
    this.#pageBytes = pageBytes;
  }

  segments(): Segment[] {
    const rows = this.#prepare(
      `SELECT id, start, "end", end_time, checksum, first, last, blocks FROM segment LEFT JOIN
        (SELECT segment, min(number) AS first, max(number) AS last, count(*) AS blocks FROM block GROUP BY segment) ON segment = id
        ORDER BY id`,
    ).all() as Row[];
    return rows.map((row) => {
      const { id, start, end, end_time: endTime, checksum, first, last, blocks } = row;
      const [firstBlock, lastBlock] = [Number(first ?? 1), Number(last ?? 0)];
      verify(checksum === checksumOf(id, start, end, endTime));
      verify(Number(blocks ?? 0) === lastBlock - firstBlock + 1);
      return {
        id: Number(id),
        start: String(start),
        end: String(end),
        endTime: new Date(Number(endTime)),
        firstBlock,
        lastBlock,
      };
    });
  }

  cursors(): Cursor[] {
    const rows = this.#prepare('SELECT receiver, uid, position, time, checksum FROM cursor').all() as Row[];
    return rows.map(({ receiver, uid, position, time, checksum }) => {
      verify(checksum === checksumOf(receiver, uid, position, time));
      return {
        receiver: String(receiver),
        uid: String(uid),
        position: String(position),
        time: new Date(Number(time)),
      };
    });
  }

  transaction(work: () => void): void {
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      work();
      this.#database.exec('COMMIT');
    } catch (error) {
      // after some errors SQLite has rolled back already
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      throw error;
    }
  }

  putSegment({ id, start, end, endTime }: Segment): void {
    const values = [id, start, end, endTime.getTime()];
    this.#prepare('REPLACE INTO segment (id, start, "end", end_time, checksum) VALUES (?, ?, ?, ?, ?)').run(
      ...[...values, checksumOf(...values)],
    );
  }

  removeSegment({ id }: Segment): void {
    this.#prepare('DELETE FROM block WHERE segment = ?').run(id);
    this.#prepare('DELETE FROM segment WHERE id = ?').run(id);
  }

  putBlock(number: number, { id }: Segment, { last, events, body }: StoredBlock): void {
    const bodyChecksum = crc32(body);
    this.#prepare(
      'INSERT INTO block (number, segment, last, events, body_checksum, checksum, body) VALUES (?, ?, ?, ?, ?, ?, ?)',
    ).run(
      ...[number, id, last, events, bodyChecksum],
      ...[checksumOf(number, id, last, events, bodyChecksum), body],
    );
  }

  block(number: number): StoredBlock {
    const row = this.#prepare('SELECT body, body_checksum FROM block WHERE number = ?').get(number);
    const { body, body_checksum: checksum } = (row ?? {}) as Row;
    verify(body instanceof Uint8Array && crc32(body) === checksum);
    return { ...this.blockFacts(number), body };
  }

  blockFacts(number: number): BlockFacts {
    const row = this.#prepare(
      'SELECT segment, last, events, body_checksum, checksum FROM block WHERE number = ?',
    ).get(number);
    const { segment, last, events, body_checksum: ofBody, checksum } = (row ?? {}) as Row;
    verify(checksum === checksumOf(number, segment, last, events, ofBody));
    return { last: String(last), events: Number(events) };
  }

  removeBlocksBefore(number: number): void {
    this.#prepare('DELETE FROM block WHERE number < ?').run(number);
  }

  putCursor({ receiver, uid, position, time }: Cursor): void {
    const values = [receiver, uid, position, time.getTime()];
    this.#prepare('REPLACE INTO cursor (receiver, uid, position, time, checksum) VALUES (?, ?, ?, ?, ?)').run(
      ...[...values, checksumOf(...values)],
    );
  }

  removeCursor(receiver: string): void {
    this.#prepare('DELETE FROM cursor WHERE receiver = ?').run(receiver);
  }

  usedBytes(): number {
    const { page_count: pages } = this.#prepare('PRAGMA page_count').get() as Row;
    const { freelist_count: free } = this.#prepare('PRAGMA freelist_count').get() as Row;
    return (Number(pages) - Number(free)) * this.#pageBytes;
  }

  close(): void {
    this.#database.close();
  }

  #prepare(sql: string): StatementSync {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const statement = this.#database.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }
}

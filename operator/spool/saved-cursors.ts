import { type Cursor, type SpoolFile } from './spool-file.ts';

/** How far the receivers had come when it was last written down. */
export interface SavedCursors {
  /** Gives the cursor of a receiver; undefined when it is that of an older receiver of its name, or there is none. */
  get(receiver: string, uid: string): Cursor | undefined;
  /** Writes what changed, and forgets receivers that are gone. */
  write(cursors: readonly Cursor[]): void;
}

/** Reads the cursors of a file. */
export function loadCursors(file: SpoolFile): SavedCursors {
  const saved = new Map(file.cursors().map((cursor) => [cursor.receiver, cursor]));
  return {
    get(receiver, uid) {
      const cursor = saved.get(receiver);
      return cursor?.uid === uid ? cursor : undefined;
    },
    write(cursors) {
      const gone = new Set(saved.keys());
      for (const cursor of cursors) {
        const { receiver, position, uid } = cursor;
        gone.delete(receiver);
        const before = saved.get(receiver);
        if (before?.position === position && before.uid === uid) continue;
        file.putCursor(cursor);
        saved.set(receiver, cursor);
      }
      for (const receiver of gone) {
        file.removeCursor(receiver);
        saved.delete(receiver);
      }
    },
  };
}

import { KubeError } from './kube-error.ts';

const lineBreak = 0x0a;

// etcd takes objects of 1.5 MB; nothing that an API server sends comes near this.
const defaultMaxLineBytes = 32 * 1024 * 1024;

/** Cuts a stream of bytes into lines. Works on bytes, so a character may be split over chunks. */
export interface LineSplitter {
  /** The lines that this chunk ends, without their line breaks; empty ones are left out. */
  push(chunk: Buffer): Buffer[];
  /** How many bytes wait for the end of their line. */
  pendingBytes(): number;
}

/** Creates a splitter; a line above the limit throws a KubeError, for memory is bounded. */
export function createLineSplitter(maxLineBytes = defaultMaxLineBytes): LineSplitter {
  // Kept in pieces: joining them at each chunk would be quadratic for a long line in small chunks.
  let pieces: Buffer[] = [];
  let pendingBytes = 0;

  const keep = (piece: Buffer): void => {
    pendingBytes += piece.length;
    if (pendingBytes > maxLineBytes) {
      throw new KubeError(`a watch sent a line above ${maxLineBytes} bytes`, { failure: 'protocol' });
    }
    if (piece.length > 0) pieces.push(piece);
  };

  const complete = (piece: Buffer): Buffer => {
    if (pieces.length === 0) return piece;
    const line = Buffer.concat([...pieces, piece], pendingBytes + piece.length);
    pieces = [];
    pendingBytes = 0;
    return line;
  };

  return {
    push(chunk) {
      const lines: Buffer[] = [];
      let start = 0;
      for (let end = chunk.indexOf(lineBreak); end !== -1; end = chunk.indexOf(lineBreak, start)) {
        const line = complete(chunk.subarray(start, end));
        if (line.length > 0) lines.push(line);
        start = end + 1;
      }
      keep(chunk.subarray(start));
      return lines;
    },
    pendingBytes: () => pendingBytes,
  };
}

/** Compresses one block; gives nothing when it would not become smaller. */
type CompressBlock = (block: Uint8Array) => Uint8Array | undefined;

/** The header of snappy-java's stream, with its version and the oldest one that can read it. */
const snappyHeader = Buffer.from('82534e4150505900' + '00000001' + '00000001', 'hex');
const snappyBlockBytes = 32 * 1_024;

/**
 * Frames blocks of Snappy as snappy-java does, and with it every consumer that follows Kafka's own
 * (https://github.com/xerial/snappy-java#compatibility-notes).
 */
export function frameSnappy(bytes: Buffer, compress: (block: Uint8Array) => Uint8Array): Buffer {
  const parts: Uint8Array[] = [snappyHeader];
  for (const block of blocksOf(bytes, snappyBlockBytes)) {
    const compressed = compress(block);
    const length = Buffer.alloc(4);
    length.writeInt32BE(compressed.length);
    parts.push(length, compressed);
  }
  return Buffer.concat(parts);
}

/** Magic number, version 1 with independent blocks, which is all that Kafka reads, of 64 KiB; and the checksum of these. */
const lz4Header = Buffer.from('04224d18' + '60' + '40' + '82', 'hex');
const lz4BlockBytes = 64 * 1_024;
const lz4End = Buffer.alloc(4);
const storedBit = 0x80000000;

/** Frames blocks of LZ4 (https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md). */
export function frameLz4(bytes: Buffer, compress: CompressBlock): Buffer {
  const parts: Uint8Array[] = [lz4Header];
  for (const block of blocksOf(bytes, lz4BlockBytes)) {
    const compressed = compress(block);
    const length = Buffer.alloc(4);
    length.writeUInt32LE(compressed?.length ?? storedBit + block.length);
    parts.push(length, compressed ?? block);
  }
  return Buffer.concat([...parts, lz4End]);
}

function* blocksOf(bytes: Buffer, size: number): Generator<Buffer> {
  for (let start = 0; start < bytes.length; start += size) yield bytes.subarray(start, start + size);
}

import { promisify } from 'node:util';
import * as zlib from 'node:zlib';

import kafkajs, { type CompressionTypes } from 'kafkajs';

import { DeliveryError } from '../sink-kit/index.ts';
import { type codecs } from './kafka-fields.ts';

interface Codec {
  compress(encoder: { readonly buffer: Buffer }): Promise<Buffer>;
  decompress(bytes: Buffer): Promise<Buffer>;
}

const { CompressionTypes: types, CompressionCodecs: codecsByType } = kafkajs;

/**
 * Finds the codec that a configuration names, and teaches it to kafkajs, which itself knows gzip only.
 * @returns the number of the codec in a record batch.
 * @throws DeliveryError (permanent, InvalidConfig) when this Node.js cannot compress so.
 */
export async function loadCodec(name: (typeof codecs)[number]): Promise<CompressionTypes> {
  switch (name) {
    case 'none':
      return types.None;
    case 'gzip':
      return types.GZIP;
    case 'snappy':
      return register(types.Snappy, await loadSnappy());
    case 'lz4':
      return register(types.LZ4, await loadLz4());
    case 'zstd':
      return register(types.ZSTD, zstd());
  }
}

function register(type: CompressionTypes, codec: Codec): CompressionTypes {
  (codecsByType as Record<CompressionTypes, unknown>)[type] = () => codec;
  return type;
}

/** Brokers and clients take a plain block as well as the framing of snappy-java. */
async function loadSnappy(): Promise<Codec> {
  const { default: snappy } = await import('snappyjs');
  return synchronous(snappy.compress, snappy.uncompress);
}

async function loadLz4(): Promise<Codec> {
  const { default: lz4 } = await import('lz4js');
  return synchronous(lz4.compress, lz4.decompress);
}

function synchronous(
  compress: (bytes: Uint8Array) => Uint8Array,
  decompress: (bytes: Uint8Array) => Uint8Array,
): Codec {
  return {
    // eslint-disable-next-line @typescript-eslint/require-await -- what it throws has to become a rejection
    compress: async ({ buffer }) => Buffer.from(compress(buffer)),
    // eslint-disable-next-line @typescript-eslint/require-await -- as above
    decompress: async (bytes) => Buffer.from(decompress(bytes)),
  };
}

/** Node.js has it from 22.15 on. */
function zstd(): Codec {
  const { zstdCompress, zstdDecompress } = zlib as Partial<typeof zlib>;
  if (zstdCompress === undefined || zstdDecompress === undefined) {
    throw DeliveryError.permanent(
      'compressionCodec zstd needs Node.js 22.15 or later; use gzip, snappy or lz4',
      'InvalidConfig',
    );
  }
  const compress = promisify<Buffer, Buffer>(zstdCompress);
  return {
    compress: ({ buffer }) => compress(buffer),
    decompress: promisify<Buffer, Buffer>(zstdDecompress),
  };
}

import { promisify } from 'node:util';
import * as zlib from 'node:zlib';

import kafkajs, { type CompressionTypes } from 'kafkajs';

import { DeliveryError } from '../sink-kit/index.ts';
import { type codecs } from './kafka-fields.ts';
import { frameLz4, frameSnappy } from './kafka-framing.ts';

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

async function loadSnappy(): Promise<Codec> {
  const { default: snappy } = await import('snappyjs');
  return compressingOnly((bytes) => frameSnappy(bytes, snappy.compress));
}

/** Where lz4js notes what it has seen of a block. */
const lz4TableSize = 65_536;

/** The frames of lz4js itself have blocks that depend on each other, which brokers refuse. */
async function loadLz4(): Promise<Codec> {
  const { default: lz4 } = await import('lz4js');
  const compress = (block: Uint8Array): Uint8Array | undefined => {
    const target = lz4.makeBuffer(lz4.compressBound(block.length));
    const length = lz4.compressBlock(block, target, 0, block.length, new Uint32Array(lz4TableSize));
    return length > 0 && length < block.length ? target.subarray(0, length) : undefined;
  };
  return compressingOnly((bytes) => frameLz4(bytes, compress));
}

/** A producer never reads what it wrote. */
function compressingOnly(compress: (bytes: Buffer) => Buffer): Codec {
  return {
    compress: ({ buffer }) => new Promise((resolve) => resolve(compress(buffer))),
    decompress: () => Promise.reject(new Error('a producer reads no records')),
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

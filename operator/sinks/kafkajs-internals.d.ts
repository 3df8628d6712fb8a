/** The parts of packages without types of their own that the Kafka sink uses. */
declare module 'kafkajs/src/network/requestQueue/index.js' {
  export default class RequestQueue {
    readonly pending: readonly unknown[];
    scheduleCheckPendingRequests: (this: RequestQueue) => void;
  }
}

declare module 'snappyjs' {
  const snappy: {
    readonly compress: (data: Uint8Array) => Uint8Array;
    readonly uncompress: (data: Uint8Array) => Uint8Array;
  };
  export default snappy;
}

declare module 'lz4js' {
  const lz4: {
    readonly makeBuffer: (length: number) => Uint8Array;
    readonly compressBound: (length: number) => number;
    /** Gives the length of the block, 0 when it would not become smaller. */
    readonly compressBlock: (
      ...parameters: [
        source: Uint8Array,
        target: Uint8Array,
        start: number,
        length: number,
        seen: Uint32Array,
      ]
    ) => number;
    readonly decompress: (data: Uint8Array) => Uint8Array;
  };
  export default lz4;
}

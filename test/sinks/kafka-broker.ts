import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';
import { gunzipSync, zstdDecompressSync } from 'node:zlib';

import lz4 from 'lz4js';
import snappy from 'snappyjs';

/** A record as the broker keeps it. */
export interface KeptRecord {
  readonly topic: string;
  readonly partition: number;
  readonly key: string | null;
  readonly value: Buffer;
  readonly headers: Readonly<Record<string, string>>;
  readonly timestamp: number;
}

/** A request to keep records of one topic, before it is answered. */
export interface ProduceRequest {
  readonly topic: string;
  readonly partition: number;
  readonly records: readonly KeptRecord[];
  /** How many records there are, also where they are not read. */
  readonly count: number;
  readonly bytes: number;
  readonly acks: number;
  readonly codec: number;
  readonly producerId: bigint;
}

/** How the stand-in behaves; every field can be changed while it runs. */
export interface BrokerBehaviour {
  /** Topics with their number of partitions. */
  topics: Record<string, number>;
  /** Error codes of the metadata of topics. */
  metadataErrors: Record<string, number>;
  /** Gives the error code for a request; 0 keeps the records. */
  judge: (request: ProduceRequest) => number;
  /** Records and requests are read and kept; otherwise they are only counted. */
  keepsRecords: boolean;
  /** Requests are read and not answered. */
  isHanging: boolean;
  /** Records are kept, and the connection ends before the answer. */
  losesAnswers: number;
  initProducerError: number;
  /** Checks SASL; `bytes` is what the client sent. */
  authenticate:
    ((mechanism: string, bytes: Buffer) => { code: number; message?: string; bytes?: Buffer }) | undefined;
  mechanisms: string[];
  /** The address that metadata gives; by default the broker's own. */
  advertised: { host: string; port: number } | undefined;
}

/** A broker on loopback that speaks as much of the protocol as a producer needs. */
export interface FakeBroker extends AsyncDisposable {
  readonly address: string;
  readonly port: number;
  readonly behaviour: BrokerBehaviour;
  readonly records: KeptRecord[];
  readonly requests: ProduceRequest[];
  readonly connections: Set<Socket>;
  /** How many producers asked for an id. */
  producers(): number;
  close(): Promise<void>;
}

const apis: Readonly<Record<number, readonly [number, number]>> = {
  0: [3, 3],
  3: [4, 4],
  17: [1, 1],
  18: [0, 2],
  22: [0, 0],
  36: [0, 0],
};

/** Starts a broker. */
export async function startBroker(
  behaviour: Partial<BrokerBehaviour> = {},
  options: { readonly tls?: TlsOptions; readonly port?: number } = {},
): Promise<FakeBroker> {
  const broker = new Broker({
    topics: { events: 1 },
    metadataErrors: {},
    judge: () => 0,
    keepsRecords: true,
    isHanging: false,
    losesAnswers: 0,
    initProducerError: 0,
    authenticate: undefined,
    mechanisms: ['PLAIN', 'OAUTHBEARER'],
    advertised: undefined,
    ...behaviour,
  });
  await broker.listen(options);
  return broker;
}

interface Session {
  mechanism: string;
  isAuthenticated: boolean;
}

interface Call {
  readonly request: Reader;
  readonly body: Writer;
  readonly session: Session;
  readonly version: number;
}

type Answer = Buffer | 'close' | 'silence';

class Broker implements FakeBroker {
  readonly behaviour: BrokerBehaviour;
  readonly records: KeptRecord[] = [];
  readonly requests: ProduceRequest[] = [];
  readonly connections = new Set<Socket>();
  readonly #sequences = new Map<string, number>();
  #producers = 0;
  #server: Server | undefined;
  port = 0;

  constructor(behaviour: BrokerBehaviour) {
    this.behaviour = behaviour;
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  producers(): number {
    return this.#producers;
  }

  async listen({ tls, port = 0 }: { tls?: TlsOptions; port?: number }): Promise<void> {
    const onSocket = (socket: Socket): void => this.#serve(socket);
    this.#server = tls === undefined ? createServer(onSocket) : createTlsServer(tls, onSocket);
    this.#server.on('tlsClientError', () => undefined);
    this.#server.listen(port, '127.0.0.1');
    await new Promise((resolve) => this.#server?.once('listening', resolve));
    this.port = (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    for (const socket of this.connections) socket.destroy();
    if (this.#server?.listening === true) await new Promise((resolve) => this.#server?.close(resolve));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #serve(socket: Socket): void {
    this.connections.add(socket);
    const session: Session = { mechanism: '', isAuthenticated: false };
    let buffered = Buffer.alloc(0);
    socket.on('close', () => this.connections.delete(socket)).on('error', () => undefined);
    socket.on('data', (bytes: Buffer) => {
      buffered = Buffer.concat([buffered, bytes]);
      if (buffered.length >= 4 && buffered.readInt32BE(0) > 100_000_000) socket.end();
      while (buffered.length >= 4 && buffered.length >= 4 + buffered.readInt32BE(0)) {
        const end = 4 + buffered.readInt32BE(0);
        const answer = this.#answer(new Reader(buffered.subarray(4, end)), session);
        buffered = buffered.subarray(end);
        if (answer === 'close') socket.destroy();
        else if (answer !== 'silence') socket.write(answer);
      }
    });
  }

  #answer(request: Reader, session: Session): Answer {
    const api = request.int16();
    const version = request.int16();
    const correlation = request.int32();
    request.string();
    if (this.behaviour.isHanging) return 'silence';
    const needsSession = this.behaviour.authenticate !== undefined && ![17, 18, 36].includes(api);
    if (needsSession && !session.isAuthenticated) return 'close';
    const call = { request, body: new Writer().int32(correlation), session, version };
    return this.#handlers[api]?.(call) ?? 'close';
  }

  readonly #handlers: Readonly<Record<number, (call: Call) => Answer>> = {
    0: ({ request, body }) => this.#produce(request, body),
    3: ({ request, body }) => this.#metadata(request, body).framed(),
    17: ({ request, body, session }) => {
      session.mechanism = request.string() ?? '';
      const { mechanisms } = this.behaviour;
      return body
        .int16(mechanisms.includes(session.mechanism) ? 0 : 33)
        .array(mechanisms, (writer, name) => writer.string(name))
        .framed();
    },
    18: ({ body, version }) => {
      body
        .int16(0)
        .array(Object.entries(apis), (writer, [key, [min, max]]) =>
          writer.int16(Number(key)).int16(min).int16(max),
        );
      return (version > 0 ? body.int32(0) : body).framed();
    },
    22: ({ body }) => {
      this.#producers += 1;
      const { initProducerError } = this.behaviour;
      return body.int32(0).int16(initProducerError).int64(BigInt(this.#producers)).int16(0).framed();
    },
    36: ({ request, body, session }) => {
      const outcome = this.behaviour.authenticate?.(session.mechanism, request.bytes()) ?? { code: 0 };
      const { code, message = null, bytes = Buffer.alloc(0) } = outcome;
      session.isAuthenticated = code === 0 && bytes.length === 0;
      return body.int16(code).string(message).bytes(bytes).framed();
    },
  };

  #metadata(request: Reader, body: Writer): Writer {
    const wanted = request.array(() => request.string() ?? '');
    const mayCreate = request.int8() === 1;
    for (const topic of wanted) if (mayCreate) this.behaviour.topics[topic] ??= 1;
    const { host, port } = this.behaviour.advertised ?? { host: '127.0.0.1', port: this.port };
    return body
      .int32(0)
      .array([0], (writer) => writer.int32(1).string(host).int32(port).string(null))
      .string('cluster')
      .int32(1)
      .array(wanted, (writer, topic) => {
        const partitions = this.behaviour.topics[topic];
        const error = this.behaviour.metadataErrors[topic] ?? (partitions === undefined ? 3 : 0);
        const ids = error === 0 ? Array.from({ length: partitions ?? 0 }, (_, id) => id) : [];
        writer
          .int16(error)
          .string(topic)
          .int8(0)
          .array(ids, (each, id) =>
            each
              .int16(0)
              .int32(id)
              .int32(1)
              .array([1], (node) => node.int32(1))
              .array([1], (node) => node.int32(1)),
          );
      });
  }

  #produce(request: Reader, body: Writer): Answer {
    request.string();
    const acks = request.int16();
    request.int32();
    const answers = request.array(() => {
      const topic = request.string() ?? '';
      return { topic, partitions: request.array(() => this.#keep(topic, acks, request)) };
    });
    if (this.behaviour.losesAnswers > 0) {
      this.behaviour.losesAnswers -= 1;
      return 'close';
    }
    if (acks === 0) return 'silence';
    return body
      .array(answers, (writer, { topic, partitions }) =>
        writer
          .string(topic)
          .array(partitions, (each, { partition, error }) =>
            each.int32(partition).int16(error).int64(0n).int64(-1n),
          ),
      )
      .int32(0)
      .framed();
  }

  #keep(topic: string, acks: number, reader: Reader): { partition: number; error: number } {
    const partition = reader.int32();
    const set = reader.bytes();
    const { keepsRecords } = this.behaviour;
    const batch = readBatch(set, { topic, partition, keepsRecords });
    const { records, count, codec, producerId } = batch;
    const request = { topic, partition, records, count, bytes: set.length, acks, codec, producerId };
    if (keepsRecords) this.requests.push(request);
    const error = this.behaviour.judge(request);
    if (error !== 0) return { partition, error };
    return { partition, error: this.#append(batch, `${producerId}/${topic}/${partition}`) };
  }

  /** Knows a repetition by its sequence number, and takes no gap, as a real broker does. */
  #append({ records, count, producerId, sequence }: Batch, name: string): number {
    if (producerId >= 0n) {
      const next = this.#sequences.get(name) ?? 0;
      if (sequence + count === next) return 0;
      if (sequence !== next) return 45;
      this.#sequences.set(name, next + count);
    }
    this.records.push(...records);
    return 0;
  }
}

interface Batch {
  readonly records: readonly KeptRecord[];
  readonly count: number;
  readonly codec: number;
  readonly producerId: bigint;
  readonly sequence: number;
}

const decompress: Readonly<Record<number, (bytes: Buffer) => Uint8Array>> = {
  0: (bytes) => bytes,
  1: (bytes) => gunzipSync(bytes),
  2: uncompressSnappy,
  3: (bytes) => lz4.decompress(bytes),
  4: (bytes) => zstdDecompressSync(bytes),
};

/** A stream of snappy-java: a header of 16 bytes, then blocks behind their lengths. */
function uncompressSnappy(bytes: Buffer): Buffer {
  const blocks: Uint8Array[] = [];
  for (let at = 16; at < bytes.length;) {
    const end = at + 4 + bytes.readInt32BE(at);
    blocks.push(snappy.uncompress(bytes.subarray(at + 4, end)));
    at = end;
  }
  return Buffer.concat(blocks);
}

/** https://kafka.apache.org/documentation/#recordbatch */
function readBatch(
  set: Buffer,
  { topic, partition, keepsRecords }: { topic: string; partition: number; keepsRecords: boolean },
): Batch {
  const reader = new Reader(set);
  reader.skip(8 + 4 + 4 + 1 + 4);
  const codec = reader.int16() & 7;
  reader.skip(4);
  const firstTimestamp = reader.int64();
  reader.skip(8);
  const producerId = reader.int64();
  reader.skip(2);
  const sequence = reader.int32();
  const count = reader.int32();
  if (!keepsRecords) return { records: [], count, codec, producerId, sequence };
  const body = new Reader(Buffer.from(decompress[codec]!(reader.rest())));
  const records = Array.from({ length: count }, (): KeptRecord => {
    body.varint();
    body.skip(1);
    const timestamp = Number(firstTimestamp) + body.varint();
    body.varint();
    const key = body.varbytes();
    const value = body.varbytes() ?? Buffer.alloc(0);
    const headers = Object.fromEntries(
      Array.from({ length: body.varint() }, () => [String(body.varbytes()), String(body.varbytes())]),
    ) as Record<string, string>;
    return { topic, partition, key: key === null ? null : key.toString(), value, headers, timestamp };
  });
  return { records, count, codec, producerId, sequence };
}

class Reader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  skip(length: number): number {
    return (this.#at += length) - length;
  }

  rest(): Buffer {
    return this.#bytes.subarray(this.#at);
  }

  int8(): number {
    return this.#bytes.readInt8(this.skip(1));
  }

  int16(): number {
    return this.#bytes.readInt16BE(this.skip(2));
  }

  int32(): number {
    return this.#bytes.readInt32BE(this.skip(4));
  }

  int64(): bigint {
    return this.#bytes.readBigInt64BE(this.skip(8));
  }

  string(): string | null {
    const length = this.int16();
    return length < 0 ? null : this.#take(length).toString();
  }

  bytes(): Buffer {
    return this.#take(this.int32());
  }

  array<Item>(read: () => Item): Item[] {
    return Array.from({ length: Math.max(0, this.int32()) }, read);
  }

  varint(): number {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = this.#bytes.readUInt8(this.skip(1));
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return Number((value >> 1n) ^ -(value & 1n));
    }
  }

  varbytes(): Buffer | null {
    const length = this.varint();
    return length < 0 ? null : this.#take(length);
  }

  #take(length: number): Buffer {
    const start = this.skip(length);
    return this.#bytes.subarray(start, start + length);
  }
}

class Writer {
  readonly #parts: Buffer[] = [];

  int8(value: number): this {
    return this.#push(1, (bytes) => bytes.writeInt8(value));
  }

  int16(value: number): this {
    return this.#push(2, (bytes) => bytes.writeInt16BE(value));
  }

  int32(value: number): this {
    return this.#push(4, (bytes) => bytes.writeInt32BE(value));
  }

  int64(value: bigint): this {
    return this.#push(8, (bytes) => bytes.writeBigInt64BE(value));
  }

  string(text: string | null): this {
    if (text === null) return this.int16(-1);
    const bytes = Buffer.from(text);
    this.int16(bytes.length).#parts.push(bytes);
    return this;
  }

  bytes(bytes: Buffer): this {
    this.int32(bytes.length).#parts.push(bytes);
    return this;
  }

  array<Item>(items: readonly Item[], write: (writer: this, item: Item) => unknown): this {
    this.int32(items.length);
    for (const item of items) write(this, item);
    return this;
  }

  framed(): Buffer {
    const body = Buffer.concat(this.#parts);
    const length = Buffer.alloc(4);
    length.writeInt32BE(body.length);
    return Buffer.concat([length, body]);
  }

  #push(length: number, write: (bytes: Buffer) => void): this {
    const bytes = Buffer.alloc(length);
    write(bytes);
    this.#parts.push(bytes);
    return this;
  }
}

import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';

/** An answer of the stand-in; a thrown text is an error reply. */
type Reply = string | number | null | readonly Reply[];

/** A server on loopback that speaks as much of RESP2 as the sink needs. */
export interface FakeRedis extends AsyncDisposable {
  readonly address: string;
  readonly port: number;
  readonly connections: Set<Socket>;
  /** Every command that came, after AUTH and SELECT. */
  readonly commands: string[][];
  readonly streams: Map<string, string[][]>;
  readonly lists: Map<string, string[]>;
  readonly published: string[][];
  readonly markers: Map<string, number>;
  /** Gives the text of an error for a command, or undefined to take it. */
  judge: (command: readonly string[]) => string | undefined;
  /** Commands are read and not answered. */
  isHanging: boolean;
  /** Commands are taken, and the connection ends before the answer. */
  losesAnswers: boolean;
  close(): Promise<void>;
}

interface Options {
  readonly tls?: TlsOptions;
  readonly port?: number;
  /** `user:password`; without it anyone may come. */
  readonly login?: string;
  /** The master that it names as a sentinel. */
  readonly master?: () => string;
}

/** Starts a server. */
export async function startRedis(options: Options = {}): Promise<FakeRedis> {
  const server = new RedisStandIn(options);
  await server.listen();
  return server;
}

class RedisStandIn implements FakeRedis {
  readonly connections = new Set<Socket>();
  readonly commands: string[][] = [];
  readonly streams = new Map<string, string[][]>();
  readonly lists = new Map<string, string[]>();
  readonly published: string[][] = [];
  readonly markers = new Map<string, number>();
  judge: FakeRedis['judge'] = () => undefined;
  isHanging = false;
  losesAnswers = false;
  port = 0;
  readonly #options: Options;
  #server: Server | undefined;

  constructor(options: Options) {
    this.#options = options;
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  async listen(): Promise<void> {
    const { tls, port = 0 } = this.#options;
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
    const session = { isKnown: this.#options.login === undefined };
    let buffered = Buffer.alloc(0);
    socket.on('close', () => this.connections.delete(socket)).on('error', () => undefined);
    socket.on('data', (bytes: Buffer) => {
      buffered = Buffer.concat([buffered, bytes]);
      // what no client of Redis sends, such as the beginning of TLS, ends the connection
      if (buffered.length > 0 && buffered[0] !== 42) socket.end();
      for (let read = readCommand(buffered); read !== undefined; read = readCommand(buffered)) {
        buffered = buffered.subarray(read.length);
        if (this.isHanging) continue;
        const answer = this.#answer(read.command, session);
        if (this.losesAnswers) socket.destroy();
        else socket.write(answer);
      }
    });
  }

  #answer(command: string[], session: { isKnown: boolean }): string {
    try {
      return encode(this.#run(command, session));
    } catch (error) {
      return `-${(error as Error).message}\r\n`;
    }
  }

  #run(command: string[], session: { isKnown: boolean }): Reply {
    const [name = '', ...args] = command;
    if (name === 'AUTH') {
      session.isKnown = (args.length === 1 ? `default:${args[0]}` : args.join(':')) === this.#options.login;
      if (!session.isKnown) throw new Error('WRONGPASS invalid username-password pair or user is disabled.');
      return 'OK';
    }
    if (!session.isKnown) throw new Error('NOAUTH Authentication required.');
    this.commands.push(command);
    const refused = this.judge(command);
    if (refused !== undefined) throw new Error(refused);
    return this.#handlers[name]?.(args) ?? 'OK';
  }

  readonly #handlers: Readonly<Record<string, (args: string[]) => Reply>> = {
    SENTINEL: () => this.#options.master?.().split(':') ?? null,
    TYPE: ([key = '']) => (this.streams.has(key) ? 'stream' : this.lists.has(key) ? 'list' : 'none'),
    XADD: ([key = '', ...entry]) => {
      if (this.lists.has(key)) {
        throw new Error('WRONGTYPE Operation against a key holding the wrong kind of value');
      }
      this.streams.set(key, [...(this.streams.get(key) ?? []), entry]);
      return '1-1';
    },
    RPUSH: ([key = '', value = '']) => this.lists.set(key, [...(this.lists.get(key) ?? []), value]).size,
    LPUSH: ([key = '', value = '']) => this.lists.set(key, [value, ...(this.lists.get(key) ?? [])]).size,
    LTRIM: ([key = '', start = '', end = '']) => {
      const last = Number(end);
      this.lists.set(key, (this.lists.get(key) ?? []).slice(Number(start), last < 0 ? undefined : last + 1));
      return 'OK';
    },
    PUBLISH: (args) => this.published.push(args),
    // The scripts of the sink: one that asks has one key, one that writes has two.
    EVAL: ([, keys = '', key = '', marker = '', expiryMs = '', ...command]) => {
      if (keys === '1') return 1;
      if (this.markers.has(marker)) return 0;
      this.#run(command, { isKnown: true });
      this.markers.set(marker, Number(expiryMs));
      return key.length;
    },
  };
}

function encode(reply: Reply): string {
  if (reply === null) return '*-1\r\n';
  if (typeof reply === 'number') return `:${reply}\r\n`;
  if (typeof reply === 'string') return `+${reply}\r\n`;
  return `*${reply.length}\r\n${reply.map(encode).join('')}`;
}

/** https://redis.io/docs/latest/develop/reference/protocol-spec/ */
function readCommand(bytes: Buffer): { command: string[]; length: number } | undefined {
  let at = 0;
  const number = (): number | undefined => {
    const end = bytes.indexOf('\r\n', at);
    if (end < 0) return undefined;
    const value = Number(bytes.toString('utf8', at + 1, end));
    at = end + 2;
    return value;
  };
  const count = number();
  if (count === undefined) return undefined;
  const command: string[] = [];
  while (command.length < count) {
    const length = number();
    if (length === undefined || at + length + 2 > bytes.length) return undefined;
    command.push(bytes.toString('utf8', at, at + length));
    at += length + 2;
  }
  return { command, length: at };
}

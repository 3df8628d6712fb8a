import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

import { protos } from '@google-cloud/pubsub';
import {
  type Metadata,
  Server as GrpcServer,
  ServerCredentials,
  type ServiceDefinition,
  status,
  type UntypedHandleCall,
} from '@grpc/grpc-js';

import { type Pair } from '../sink-kit/certificates.ts';

const { google } = protos;
const v1 = google.pubsub.v1;

/** A message that was published. */
export interface SeenMessage {
  readonly topic: string;
  readonly data: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly orderingKey: string;
}

/** A call that the server got. */
export interface SeenCall {
  readonly method: string;
  readonly request: Readonly<Record<string, unknown>>;
  readonly metadata: Readonly<Record<string, string>>;
  /** The messages of a publish request. */
  readonly messages: readonly SeenMessage[];
}

/** What a call is answered with instead of success. */
export interface Refusal {
  readonly code: number;
  readonly details?: string;
  readonly metadata?: Metadata;
}

/** A loopback server that speaks the part of Pub/Sub's gRPC that sinks use. */
export interface PubsubServer extends AsyncDisposable {
  /** `127.0.0.1:port`. */
  readonly host: string;
  readonly port: number;
  readonly calls: readonly SeenCall[];
  readonly topics: Set<string>;
  readonly messages: readonly SeenMessage[];
  readonly sockets: ReadonlySet<Socket>;
  /** Decides about each call; undefined lets it go its way, `Hang` never answers. */
  judge: (call: SeenCall) => Refusal | 'Hang' | undefined;
  /** What the caller may do with any topic. */
  permissions: readonly string[];
  /** Ends every connection and takes no new one, until it is mended. */
  readonly cut: () => Promise<void>;
  readonly mend: () => Promise<void>;
}

interface Codec {
  readonly encode: (message: never) => { finish(): Uint8Array };
  readonly decode: (bytes: Uint8Array) => object;
}

/** google.iam.v1 is not among the client's messages: a request is read as nothing, an answer is field 1, repeated text. */
const iamRequest: Codec = { encode: () => ({ finish: () => new Uint8Array() }), decode: () => ({}) };
const iamAnswer: Codec = {
  encode: ({ permissions }: { permissions: readonly string[] }) => ({
    finish: () =>
      Buffer.concat(
        permissions.map((text) => Buffer.from([0x0a, Buffer.byteLength(text), ...Buffer.from(text)])),
      ),
  }),
  decode: () => ({}),
};

const publisher = '/google.pubsub.v1.Publisher';
const methods: readonly (readonly [string, Codec, Codec])[] = [
  [`${publisher}/Publish`, v1.PublishRequest, v1.PublishResponse],
  [`${publisher}/GetTopic`, v1.GetTopicRequest, v1.Topic],
  [`${publisher}/CreateTopic`, v1.Topic, v1.Topic],
  [`${publisher}/ListTopics`, v1.ListTopicsRequest, v1.ListTopicsResponse],
  ['/google.iam.v1.IAMPolicy/TestIamPermissions', iamRequest, iamAnswer],
];

/** Starts a server on a free port of 127.0.0.1, by TLS when it is given a certificate. */
export async function startPubsubServer(pair?: Pair): Promise<PubsubServer> {
  const calls: SeenCall[] = [];
  const messages: SeenMessage[] = [];
  const topics = new Set<string>();
  const missing = (topic: unknown): Refusal | undefined =>
    topics.has(topic as string)
      ? undefined
      : { code: status.NOT_FOUND, details: `Resource not found (resource=${String(topic)}).` };
  const handlers: Record<string, (call: SeenCall) => object | Refusal> = {
    Publish: (call) => {
      const refusal = missing(call.request.topic);
      if (refusal !== undefined) return refusal;
      messages.push(...call.messages);
      return { messageIds: call.messages.map((_, index) => `${messages.length}-${index}`) };
    },
    GetTopic: ({ request }) => missing(request.topic) ?? { name: request.topic },
    CreateTopic: ({ request }) => {
      const name = request.name as string;
      if (topics.has(name)) return { code: status.ALREADY_EXISTS, details: 'Resource already exists' };
      topics.add(name);
      return { name };
    },
    ListTopics: () => ({ topics: [...topics].map((name) => ({ name })) }),
    TestIamPermissions: () => ({ permissions: fake.permissions }),
  };
  const server = new GrpcServer({ 'grpc.max_receive_message_length': -1 });
  const answer = (method: string, handle: { request: object; metadata: Metadata }): object | 'Hang' => {
    const request = handle.request as Record<string, unknown>;
    const call: SeenCall = {
      method,
      request,
      metadata: handle.metadata.getMap() as Record<string, string>,
      messages: readMessages(request),
    };
    calls.push(call);
    return fake.judge(call) ?? handlers[method]!(call);
  };
  for (const [path, request, response] of methods) {
    const method = path.slice(path.lastIndexOf('/') + 1);
    const definition: ServiceDefinition = {
      [method]: {
        path,
        requestStream: false,
        responseStream: false,
        requestSerialize: (message) => Buffer.from(request.encode(message as never).finish()),
        requestDeserialize: (bytes) => request.decode(bytes),
        responseSerialize: (message) => Buffer.from(response.encode(message as never).finish()),
        responseDeserialize: (bytes) => response.decode(bytes),
      },
    };
    const handle = (
      call: { request: object; metadata: Metadata },
      reply: (error: unknown, value?: object) => void,
    ) => {
      const answered = answer(method, call);
      if (answered === 'Hang') return;
      if ('code' in answered) reply(answered);
      else reply(null, answered);
    };
    server.addService(definition, { [method]: handle as unknown as UntypedHandleCall });
  }
  const credentials =
    pair === undefined
      ? ServerCredentials.createInsecure()
      : ServerCredentials.createSsl(null, [
          { private_key: Buffer.from(pair.key), cert_chain: Buffer.from(pair.cert) },
        ]);
  const innerPort = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', credentials, (error, port) =>
      error === null ? resolve(port) : reject(error),
    );
  });
  const front = await startFront(innerPort);
  const fake: PubsubServer = {
    host: `127.0.0.1:${front.port}`,
    port: front.port,
    calls,
    topics,
    messages,
    sockets: front.sockets,
    judge: () => undefined,
    permissions: [],
    cut: front.cut,
    mend: front.mend,
    async [Symbol.asyncDispose]() {
      await front.cut();
      server.forceShutdown();
    },
  };
  return fake;
}

function readMessages({ topic, messages = [] }: Readonly<Record<string, unknown>>): SeenMessage[] {
  if (typeof topic !== 'string') return [];
  return (messages as protos.google.pubsub.v1.IPubsubMessage[]).map((message) => ({
    topic,
    data: Buffer.from(message.data as Uint8Array).toString(),
    attributes: message.attributes ?? {},
    orderingKey: message.orderingKey ?? '',
  }));
}

interface Front {
  readonly port: number;
  readonly sockets: ReadonlySet<Socket>;
  readonly cut: () => Promise<void>;
  readonly mend: () => Promise<void>;
}

/** gRPC's server does not tell who is connected, so connections go through one that does. */
async function startFront(innerPort: number): Promise<Front> {
  const sockets = new Set<Socket>();
  let port = 0;
  let front: Server | undefined;
  const accept = (incoming: Socket): void => {
    const outgoing = connect(innerPort, '127.0.0.1');
    sockets.add(incoming);
    for (const [from, to] of [
      [incoming, outgoing],
      [outgoing, incoming],
    ] as const) {
      from.setNoDelay();
      from.on('error', () => undefined);
      from.on('close', () => {
        sockets.delete(from);
        to.destroy();
      });
      from.pipe(to);
    }
  };
  const mend = async (): Promise<void> => {
    front = createServer(accept).listen(port, '127.0.0.1');
    await once(front, 'listening');
    ({ port } = front.address() as AddressInfo);
  };
  const cut = async (): Promise<void> => {
    if (front === undefined) return;
    const closed = once(front, 'close');
    front.close();
    front = undefined;
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  await mend();
  return { port, sockets, cut, mend };
}

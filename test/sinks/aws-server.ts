import { type ServerResponse } from 'node:http';

import { type SeenRequest, startServer, type TestServer } from '../sink-kit/http-server.ts';
import { type HttpContractPeer } from './contract.ts';

/** A message, record or event of a batch, with the fields of all services. */
export interface AwsEntry {
  readonly Id: string;
  readonly MessageBody: string;
  readonly MessageGroupId?: string;
  readonly MessageDeduplicationId?: string;
  readonly MessageAttributes: Readonly<Record<string, unknown>>;
  readonly Data: string;
  readonly PartitionKey: string;
  readonly Detail: string;
  readonly EventBusName: string;
  readonly TraceHeader: string;
}

/** The parameters of a call: JSON as it came, or the flat names of the query protocol. */
export interface AwsInput {
  readonly [name: string]: unknown;
  readonly Entries: readonly AwsEntry[];
  readonly Records: readonly AwsEntry[];
  readonly OperationalData: Readonly<Record<string, { readonly Value: string }>>;
}

/** A call of an AWS API that a test server got. */
export interface AwsCall {
  readonly action: string;
  readonly input: AwsInput;
  readonly headers: SeenRequest['headers'];
  readonly accessKeyId: string | undefined;
}

/** An answer that tells of an error by AWS's code. */
export interface AwsFailure {
  readonly status: number;
  readonly code: string;
  readonly message?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Answers one action: with data, with XML as a string, with a failure, or with nothing at all (undefined). */
export type AwsAnswer = (call: AwsCall) => object | string | AwsFailure | undefined;

/** A loopback stand-in for AWS services that speak JSON 1.x or the query protocol. */
export interface AwsServer extends AsyncDisposable {
  readonly server: TestServer;
  readonly calls: AwsCall[];
  /** The calls of one action. */
  readonly callsOf: (action: string) => AwsCall[];
  readonly answers: Record<string, AwsAnswer>;
}

/** Starts a stand-in with an answer for each action; unknown actions fail as AWS's do. */
export async function startAws(answers: Record<string, AwsAnswer>): Promise<AwsServer> {
  const calls: AwsCall[] = [];
  const server = await startServer((response, request) => {
    const call = readCall(request);
    calls.push(call);
    const answer = answers[call.action];
    const given = answer === undefined ? failed(400, 'UnknownOperationException') : answer(call);
    if (given !== undefined) write(response, request, given);
  });
  return {
    server,
    calls,
    callsOf: (action) => calls.filter((call) => call.action === action),
    answers,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

/** Makes the answer of a failed call. */
export function failed(
  status: number,
  code: string,
  message = `about ${code}`,
  headers: Readonly<Record<string, string>> = {},
): AwsFailure {
  return { status, code, message, headers };
}

/** The configuration by which a sink reaches the stand-in with a key of its own. */
export function reach({ server }: Pick<AwsServer, 'server'>): Record<string, unknown> {
  return {
    endpoint: server.url,
    region: 'eu-central-1',
    accessKeyId: 'AKIATESTTESTTEST0001',
    secretAccessKey: 'secret-of-the-test-key',
  };
}

/** What the contract needs of one service. */
export interface AwsContract {
  /** The sink's own fields. */
  readonly fields: Readonly<Record<string, unknown>>;
  /** The action that takes events. */
  readonly action: string;
  readonly answers: Record<string, AwsAnswer>;
  /** How many events a call of the action carries. */
  readonly count: (call: AwsCall) => number;
}

/** Starts a stand-in for the contract of HTTP sinks. */
export async function startAwsPeer({
  fields,
  action,
  answers,
  count,
}: AwsContract): Promise<HttpContractPeer> {
  let status = 200;
  let headers: Readonly<Record<string, string>> = {};
  let mode: 'Answer' | 'Hang' | 'Echo' = 'Answer';
  let taken = 0;
  const server = await startServer((response, request) => {
    if (mode === 'Hang') return;
    if (mode === 'Echo') {
      response.writeHead(500).end(JSON.stringify([request.url, request.headers, request.body]));
      return;
    }
    if (status < 200 || status >= 300) {
      response.writeHead(status, headers).end();
      return;
    }
    const call = readCall(request);
    if (call.action === action) taken += count(call);
    write(response, request, answers[call.action]?.(call) ?? {}, status);
  });
  return {
    written: {
      ...fields,
      endpoint: server.url,
      region: 'eu-central-1',
      accessKeyIdSecretRef: { name: 'aws', key: 'id' },
      secretAccessKeySecretRef: { name: 'aws', key: 'secret' },
      sessionTokenSecretRef: { name: 'aws', key: 'token' },
    },
    secrets: {
      aws: {
        id: 'AKIAC0NTRACTKEY00001',
        secret: 'wJalr/XUtnFEMI+K7MDENG',
        token: 'FwoGZXIvYXdzEBYaD/t0ken+',
      },
    },
    taken: () => taken,
    hang: () => (mode = 'Hang'),
    failAndEcho: () => (mode = 'Echo'),
    connections: () => server.sockets.size,
    answerWith: (code, fieldsOfAnswer = {}) => {
      status = code;
      headers = fieldsOfAnswer;
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

/** The message of an event's JSON document. */
export function messageIn(json: string): string {
  return (JSON.parse(json) as { message: string }).message;
}

/** The bytes of a record as text. */
export function textOf({ Data }: Pick<AwsEntry, 'Data'>): string {
  return Buffer.from(Data, 'base64').toString();
}

function readCall({ headers, body }: SeenRequest): AwsCall {
  const target = headers['x-amz-target'];
  const accessKeyId = /Credential=([^/]+)\//.exec(String(headers.authorization))?.[1];
  if (typeof target === 'string') {
    const action = target.slice(target.lastIndexOf('.') + 1);
    return { action, input: JSON.parse(body === '' ? '{}' : body) as AwsInput, headers, accessKeyId };
  }
  const input = Object.fromEntries(new URLSearchParams(body)) as unknown as AwsInput;
  return { action: String(input.Action), input, headers, accessKeyId };
}

function write(
  response: ServerResponse,
  request: SeenRequest,
  given: object | string | AwsFailure,
  status = 200,
): void {
  if (typeof given === 'string') {
    response.writeHead(status, { 'content-type': 'text/xml' }).end(given);
    return;
  }
  if (!isFailure(given)) {
    response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify(given));
    return;
  }
  const { code, message = '' } = given;
  if (request.headers['x-amz-target'] === undefined) {
    const xml = `<ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error></ErrorResponse>`;
    response.writeHead(given.status, { 'content-type': 'text/xml', ...given.headers }).end(xml);
    return;
  }
  response
    .writeHead(given.status, { 'content-type': 'application/x-amz-json-1.1', ...given.headers })
    .end(JSON.stringify({ __type: `com.amazonaws.test#${code}`, message }));
}

function isFailure(given: object): given is AwsFailure {
  return 'status' in given && 'code' in given;
}

/**
 * The systems that the benchmark sends to, on loopback, in a process of their own: they take everything and read no more
 * of it than an answer needs. At each message the process tells what came since the one before.
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo } from 'node:net';

import { startBroker } from '../../test/sinks/kafka-broker.ts';

/** Where the stand-ins listen. */
export interface Addresses {
  readonly http: string;
  readonly kafka: string;
}

/** What came to a system; bytes are those of bodies and record batches. */
export interface Arrivals {
  readonly events: number;
  readonly requests: number;
  readonly bytes: number;
}

const lineFeed = 0x0a;
const nothing: Arrivals = { events: 0, requests: 0, bytes: 0 };
let arrivals = nothing;

function take(events: number, bytes: number): void {
  const { events: before, requests, bytes: bytesBefore } = arrivals;
  arrivals = { events: before + events, requests: requests + 1, bytes: bytesBefore + bytes };
}

function linesIn(body: Buffer): number {
  let lines = 0;
  for (let at = body.indexOf(lineFeed); at >= 0; at = body.indexOf(lineFeed, at + 1)) lines += 1;
  return lines;
}

function answerBulk(body: Buffer): string {
  const count = Math.floor(linesIn(body) / 2);
  take(count, body.length);
  const item = '{"create":{"_index":"kube-events","status":201}}';
  return `{"errors":false,"items":[${new Array(count).fill(item).join(',')}]}`;
}

function answerBatch(body: Buffer): string {
  const count = body.toString('latin1').split('"Id":"').length - 1;
  take(count, body.length);
  const Successful = Array.from({ length: count }, (_, index) => ({
    Id: String(index),
    MessageId: `message-${index}`,
  }));
  return JSON.stringify({ Successful });
}

/** The system is told by the path; SQS has but one. */
const answers: Readonly<Record<string, (body: Buffer) => string>> = {
  '/_bulk': answerBulk,
  '/': answerBatch,
  '/lines': (body) => (take(linesIn(body), body.length), '{}'),
  '/event': (body) => (take(1, body.length), '{}'),
};

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const path = request.url?.replace(/\?.*/, '') ?? '';
    const answer = request.method === 'POST' ? (answers[path]?.(Buffer.concat(chunks)) ?? '{}') : '{}';
    response.writeHead(answers[path] === undefined ? 404 : 200, {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(answer),
      'x-elastic-product': 'Elasticsearch',
    });
    response.end(answer);
  });
}).listen(0, '127.0.0.1');
await once(server, 'listening');

const broker = await startBroker({
  topics: { 'kube-events': 6 },
  keepsRecords: false,
  judge: ({ count, bytes }) => (take(count, bytes), 0),
});

process.on('message', () => {
  process.send?.(arrivals);
  arrivals = nothing;
});
process.once('disconnect', () => process.exit());
process.send?.({
  http: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
  kafka: broker.address,
} satisfies Addresses);

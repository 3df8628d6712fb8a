/**
 * Two systems that take events, in a process of their own: `/steady` notes how old each event is when it comes, `/dead`
 * hangs up while it is told to be dead. At each message the process tells what came since the one before.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { type AddressInfo } from 'node:net';

/** What came since the last report. */
export interface Report {
  /** Ages of events at `/steady`, in milliseconds. */
  readonly agesMs: readonly number[];
  readonly recovered: number;
}

let agesMs: number[] = [];
let recovered = 0;
let isAlive = false;

const server = createServer((request, response) => {
  const isDead = request.url === '/dead';
  if (isDead && !isAlive) {
    request.socket.destroy();
    return;
  }
  void read(request).then((events) => {
    const now = Date.now();
    if (isDead) recovered += events.length;
    else agesMs.push(...events.map(({ action }) => now - Number(action)));
    response.end();
  });
});

async function read(request: IncomingMessage): Promise<readonly { readonly action: string }[]> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return JSON.parse(Buffer.concat(chunks).toString()) as { action: string }[];
}

process.on('message', (order) => {
  if (order === 'live' || order === 'die') isAlive = order === 'live';
  const report: Report = { agesMs, recovered };
  [agesMs, recovered] = [[], 0];
  process.send?.(report);
});

server.listen(0, '127.0.0.1');
await once(server, 'listening');
process.send?.((server.address() as AddressInfo).port);

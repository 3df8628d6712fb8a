/**
 * `npm run demo`: the first walk without a cluster. Recorded Events of a real cluster go through examples/quickstart/
 * to this terminal, to a file, and to a webhook that fails for its first three seconds.
 */
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const failingMs = 3_000;
const startedAt = performance.now();
const seen = { refused: 0, accepted: 0 };

const webhook = createServer((request, response) => {
  const isDown = performance.now() - startedAt < failingMs;
  seen[isDown ? 'refused' : 'accepted'] += 1;
  request.resume().on('end', () => response.writeHead(isDown ? 503 : 204).end());
});
await new Promise<void>((resolve) => {
  webhook.listen(0, '127.0.0.1', resolve);
});
const { port } = webhook.address() as AddressInfo;

// the webhook's address is a credential for many systems, so the quickstart keeps it in a Secret
const folder = await mkdtemp(join(tmpdir(), 'eventroute-demo-'));
const secret = {
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: 'oncall-webhook' },
  stringData: { url: `http://127.0.0.1:${port}/events` },
};
await writeFile(join(folder, 'secret.json'), JSON.stringify(secret));

const command = [
  'operator/main.ts',
  'local',
  '-f',
  'examples/quickstart',
  folder,
  '--events',
  'examples/quickstart/events.jsonl',
];
console.log(
  `A webhook listens on 127.0.0.1:${port}; it answers 503 for its first ${failingMs / 1_000} seconds.\n\n$ eventroute ${command.slice(1).join(' ')}\n`,
);
const operator = spawn(process.execPath, command, { stdio: 'inherit' });
const code = await new Promise<number | null>((resolve) => operator.once('exit', resolve));

webhook.close();
webhook.closeAllConnections();
await rm(folder, { recursive: true });
console.log(`\nThe webhook refused ${seen.refused} requests while it was down, then took ${seen.accepted}.`);
console.log('The archive is in /tmp/eventroute-quickstart/events.jsonl.');
process.exitCode = code ?? 1;

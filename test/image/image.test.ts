// node:test hands out promises that it awaits itself
/* eslint @typescript-eslint/no-floating-promises: ["error", { "allowForKnownSafeCalls": [{ "from": "package", "package": "node:test", "name": ["describe", "it"] }] }] */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, copyFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';

import { type Cluster, startCluster } from '../cluster/cluster.ts';
import { runCommand } from '../cluster/command.ts';
import { findFreePorts } from '../cluster/server.ts';
import { eventually } from '../e2e/eventually.ts';
import { installChart, operatorAccount, rootNamespace } from '../e2e/operator-process.ts';
import { startWebhookRecorder, type WebhookRecorder } from '../e2e/webhook-recorder.ts';
import { baseImage, buildImage, type Buildah, prepareBuildah } from './buildah.ts';

const tag = 'eventroute:test';
const say = (line: string): void => {
  process.stdout.write(`# ${line}\n`);
};

interface Inspection {
  readonly OCIv1: {
    readonly config: {
      readonly User: string;
      readonly Entrypoint: readonly string[];
      readonly Cmd: readonly string[];
      readonly Env: readonly string[];
    };
  };
}

describe('the image', { timeout: 600_000 }, () => {
  let buildah: Buildah;
  let container: string;
  let mounted: string;
  let config: Inspection['OCIv1']['config'];

  before(async () => {
    buildah = await prepareBuildah(say);
    say('Building the Dockerfile');
    await buildImage(buildah, tag);
    container = await buildah.run(['from', '--pull-never', tag]);
    mounted = await buildah.run(['mount', container]);
    const inspection = JSON.parse(await buildah.run(['inspect', '--type=image', tag])) as Inspection;
    config = inspection.OCIv1.config;
  });
  after(async () => {
    await buildah.run(['rm', container]);
    await buildah.run(['rmi', tag]);
  });

  it('runs the bundle as a user that is not root', async () => {
    assert.equal(config.User, '65532:65532');
    assert.equal(config.Entrypoint[0], 'node');
    assert.equal(config.Entrypoint.at(-1), '/app/dist/eventroute.js');
    assert.deepEqual(config.Cmd, ['run']);
    const ids = 'process.stdout.write(`${process.getuid()}:${process.getgid()}`)';
    assert.equal(await runInside(['node', '-e', ids]), '65532:65532');
  });

  it('adds to its base the bundle and licences, and nothing else', async () => {
    const base = new Set(await filesOf(baseImage));
    const added = (await filesOf(tag)).filter((file) => !base.has(file));

    say(`The image adds ${added.length} files to its base: ${added.join(' ')}`);
    const allowed =
      /^app\/(LICENSE|dist\/(THIRD-PARTY-LICENSES|package\.json|(chunks\/|sinks\/)?[\w.-]+\.js))$/;
    assert.deepEqual(
      added.filter((file) => !allowed.test(file)),
      [],
    );
    for (const file of ['app/LICENSE', 'app/dist/eventroute.js', 'app/dist/THIRD-PARTY-LICENSES']) {
      assert.ok(added.includes(file), `${file} is missing`);
    }
  });

  it('keeps nothing of the machine that built it', () => {
    const names = config.Env.map((entry) => entry.split('=')[0]);
    const ours = /^(NODE_ENV|HOME|MALLOC_ARENA_MAX|MALLOC_MMAP_THRESHOLD_)$/;
    const ofBase = /^(PATH|NODE_VERSION|YARN_VERSION)$/;

    assert.deepEqual(
      names.filter((name = '') => !ours.test(name) && !ofBase.test(name)),
      [],
    );
  });

  it('walks an Event through as the chart would run it', async () => {
    await using cluster = await startCluster({ controllers: false, log: say });
    await using webhook = await startWebhookRecorder();
    await installChart(cluster);
    await applyWalk(cluster, webhook);
    const operator = await startInside(cluster);

    try {
      const body = await eventually(
        async () => {
          await createEvent(cluster);
          const [request] = webhook.accepted('/hook');
          assert.ok(request, `nothing arrived; the operator said:\n${operator.output()}`);
          return request.body;
        },
        { everyMs: 500 },
      );

      assert.equal(body.reason, 'Walked');
      // the chart gives it a read-only file system
      const written = await runCommand('find', [mounted, '-xdev', '-uid', '65532']);
      assert.equal(written.stdout, '');
    } finally {
      await operator.stop();
    }
    assert.match(operator.output(), /"message":"Stopped"/);
  });

  /** Lists every file and link of an image that was never run: running leaves traces of the engine. */
  async function filesOf(image: string): Promise<string[]> {
    const fresh = await buildah.run(['from', '--pull-never', image]);
    try {
      const folder = await buildah.run(['mount', fresh]);
      const { stdout } = await runCommand('find', [folder, '-xdev', '!', '-type', 'd', '-printf', '%P\\n']);
      return stdout.trim().split('\n').sort();
    } finally {
      await buildah.run(['rm', fresh]);
    }
  }

  async function runInside(command: readonly string[]): Promise<string> {
    return buildah.run(['run', '--isolation=chroot', container, '--', ...command]);
  }

  async function startInside(
    cluster: Cluster,
  ): Promise<{ readonly output: () => string; readonly stop: () => Promise<void> }> {
    const [port = 0] = await findFreePorts(1);
    const kubeconfig = join(cluster.folder, 'inside.kubeconfig');
    await copyFile(await cluster.tokenFor(operatorAccount), kubeconfig);
    await chmod(kubeconfig, 0o644); // the user inside is another one
    const args = ['--kubeconfig=/run/kubeconfig', '--leader-elect', `--metrics-address=127.0.0.1:${port}`];
    const [command = '', ...rest] = buildah.commandLine([
      ...['run', '--isolation=chroot', `--volume=${kubeconfig}:/run/kubeconfig:ro`, container, '--'],
      ...[...config.Entrypoint, ...config.Cmd, ...args],
    ]);
    const child = spawn(command, rest, { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
    }
    const exited = once(child, 'exit');
    return {
      output: () => output,
      async stop() {
        // the operator itself: buildah would kill it instead of handing the signal on
        for (const pid of await nodesWith(`--metrics-address=127.0.0.1:${port}`))
          process.kill(pid, 'SIGTERM');
        const timer = setTimeout(
          () => child.pid !== undefined && process.kill(-child.pid, 'SIGKILL'),
          15_000,
        );
        await exited;
        clearTimeout(timer);
      },
    };
  }
});

/** Finds the processes of node that have some argument. */
async function nodesWith(argument: string): Promise<number[]> {
  const { stdout } = await runCommand('pgrep', ['--full', '--', argument]);
  const found: number[] = [];
  for (const pid of stdout.split('\n').filter((line) => line !== '')) {
    const program = await readlink(`/proc/${pid}/exe`).catch(() => '');
    if (program.endsWith('/node')) found.push(Number(pid));
  }
  return found;
}

async function applyWalk(cluster: Cluster, webhook: WebhookRecorder): Promise<void> {
  const metadata = { name: 'hook', namespace: rootNamespace };
  const apiVersion = 'eventroute.dev/v1beta1';
  const sink = { webhook: { endpoint: `${webhook.url}/hook` } };
  const items = [
    { apiVersion, kind: 'EventReceiver', metadata, spec: { sink } },
    { apiVersion, kind: 'EventRoute', metadata, spec: { match: [{ reason: '^Walked$', receiver: 'hook' }] } },
  ];
  const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
  const { code, stderr } = await cluster.kubectl(['apply', '-f', '-'], list);
  assert.equal(code, 0, stderr);
}

async function createEvent(cluster: Cluster): Promise<void> {
  const now = new Date().toISOString().replace(/\.\d+/, '');
  await cluster.request('/api/v1/namespaces/default/events', {
    method: 'POST',
    body: {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { generateName: 'walk-' },
      involvedObject: { apiVersion: 'v1', kind: 'Namespace', name: 'default' },
      reason: 'Walked',
      type: 'Normal',
      firstTimestamp: now,
      lastTimestamp: now,
      count: 1,
    },
  });
}

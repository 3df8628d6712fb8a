/**
 * `node open-receivers.ts [FOLDER]`: opens a receiver of each kind on its example, one after the other, and prints as
 * JSON by kind the packages that were new. The sinks are those of operator/sinks/, or of a bundle's FOLDER.
 */
import { generateKeyPairSync } from 'node:crypto';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';
import { pathToFileURL } from 'node:url';

import { openSink, resolveConfig, type SinkDefinition, secretRefs } from '../../operator/sink-kit/index.ts';
import { loadSink, type SinkName, sinkNames } from '../../operator/sinks/registry.ts';
import { loadedFiles } from './module-count.ts';

const [folder] = process.argv.slice(2);

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const googleKey = JSON.stringify({
  type: 'service_account',
  project_id: 'shop',
  client_email: 'eventroute@shop.iam.gserviceaccount.com',
  private_key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
});

/** What the Secrets of the examples hold: something of the right form. */
function valueOf(sinkName: SinkName, key: string): string {
  if (/url/i.test(key)) return 'https://example.com/hook';
  return ['bigquery', 'pubsub'].includes(sinkName) ? googleKey : `value of ${key}`;
}

/** Kinds that load their client with the first call: it goes to a port that nobody listens on. */
const called: Partial<Record<SinkName, object>> = { pubsub: { endpoint: '127.0.0.1:1' } };

async function load(sinkName: SinkName): Promise<SinkDefinition> {
  if (folder === undefined) return loadSink(sinkName);
  const { href } = pathToFileURL(join(folder, `${sinkName}.js`));
  return ((await import(href)) as { default: SinkDefinition }).default;
}

async function open(sinkName: SinkName): Promise<void> {
  const definition = await load(sinkName);
  const { config: schema, example } = definition;
  const written = { ...example, ...called[sinkName] };
  const path = `spec.sink.${sinkName}`;
  const refs = secretRefs(schema, written, path);
  const secret = (wanted: string) =>
    Object.fromEntries(
      refs
        .filter(({ name }) => name === wanted)
        .map(({ key }) =>
          key === undefined ? ['ca.crt', rootCertificates[0] ?? ''] : [key, valueOf(sinkName, key)],
        ),
    );
  const resolved = resolveConfig({ schema, written, path, secret });
  if ('problems' in resolved) throw new Error(JSON.stringify(resolved.problems));
  const signal = AbortSignal.timeout(10_000);
  const sink = await openSink(definition, resolved, {
    signal,
    warn: (message) => console.error(`${sinkName}: ${message}`),
  });
  if (sinkName in called) await expectRefusal(sink.check?.(signal));
  await sink.close();
}

async function expectRefusal(check: Promise<void> | undefined): Promise<void> {
  const error: unknown = await check?.catch((thrown: unknown) => thrown);
  if (!/refused the connection/.test(String(error))) throw new Error('nothing was called', { cause: error });
}

const loaded: Record<string, readonly string[]> = {};
for (const sinkName of sinkNames) {
  const before = loadedFiles();
  await open(sinkName);
  loaded[sinkName] = Object.keys(loadedFiles()).filter((name) => !Object.hasOwn(before, name));
}
console.log(JSON.stringify(loaded));
// a client that keeps a connection or a timer must not keep the process
process.exit();

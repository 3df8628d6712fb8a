/**
 * `npm run build [-- FOLDER]`: bundles the operator into dist/: eventroute.js, and each sink in a file of its own that is loaded
 * when its first receiver opens. Licences of everything that is bundled go to dist/THIRD-PARTY-LICENSES.
 */
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build, type Metafile, type Plugin } from 'esbuild';

import { sinkNames } from '../operator/sinks/registry.ts';

const [outdir = 'dist'] = process.argv.slice(2);
const packageJson = JSON.parse(await readFile('package.json', 'utf8')) as { version: string };

/**
 * Leaves out what is never called of @kubernetes/client-node: a thousand generated models and clients, half of the
 * operator's memory. We use KubeConfig; @dot-i/k8s-operator asks for all of the package, but our subclass overrides
 * whatever uses more, except its constructor, which makes a CoreV1Api that it never calls.
 */
const narrowClient: Plugin = {
  name: 'narrow-client',
  setup({ onResolve, onLoad }) {
    const dist = join(process.cwd(), 'node_modules/@kubernetes/client-node/dist');
    const parts: Readonly<Record<string, string>> = {
      client: "export { KubeConfig } from './config.js'; export class CoreV1Api {}",
      http: 'export class Agent {} export class ProxyAgent {} export const fetch = undefined;',
      gen: "export { createConfiguration } from './gen/configuration.js'; export { ServerConfiguration } from './gen/servers.js';",
    };
    onResolve({ filter: /^@kubernetes\/client-node$/ }, () => ({ path: 'client', namespace: 'narrow' }));
    onResolve({ filter: /^\.\/gen\/index\.js$/ }, () => ({ path: 'gen', namespace: 'narrow' }));
    // what it would send HTTP with; operator/kube/ has a client of its own
    onResolve({ filter: /^(undici|gaxios)$/ }, ({ importer }) =>
      /client-node|dot-i/.test(importer) ? { path: 'http', namespace: 'narrow' } : undefined,
    );
    onLoad({ filter: /.*/, namespace: 'narrow' }, ({ path }) => ({
      contents: parts[path] ?? '',
      resolveDir: dist,
    }));
  },
};

/**
 * Gives a package in the CommonJS format that is imported when it is needed the names that Node.js finds in it: from
 * esbuild it has nothing but `default` then.
 */
const namedImports: Plugin = {
  name: 'named-imports',
  setup({ onResolve, onLoad, resolve }) {
    onResolve({ filter: /^[^./]/ }, async ({ path: name, kind, pluginData, ...from }) => {
      if (kind !== 'dynamic-import' || pluginData === 'resolving') return undefined;
      const { path, external } = await resolve(name, { kind, pluginData: 'resolving', ...from });
      const exported = external || path === '' ? [] : await exportsOf(path);
      const isCommonJs = exported.includes('module.exports');
      return isCommonJs ? { path, namespace: 'named', pluginData: exported } : undefined;
    });
    onLoad({ filter: /.*/, namespace: 'named' }, ({ path, pluginData }) => {
      const names = (pluginData as string[]).filter((name) => name !== 'module.exports');
      return {
        contents: `export { ${names.join(', ')} } from ${JSON.stringify(path)};`,
        resolveDir: dirname(path),
      };
    });
  },
};

/** What Node.js finds in a file; nothing when only a bundler can read it, as some have ES modules for. */
async function exportsOf(path: string): Promise<string[]> {
  try {
    return Object.keys((await import(pathToFileURL(path).href)) as object);
  } catch {
    return [];
  }
}

await rm(outdir, { recursive: true, force: true });
const { metafile } = await build({
  entryPoints: [
    { in: 'operator/main.ts', out: 'eventroute' },
    ...sinkNames.map((name) => ({ in: `operator/sinks/${name}.ts`, out: `sinks/${name}` })),
  ],
  outdir,
  bundle: true,
  splitting: true,
  chunkNames: 'chunks/[name]-[hash]',
  platform: 'node',
  target: 'node22',
  format: 'esm',
  minifySyntax: true,
  minifyWhitespace: true,
  sourcemap: false,
  legalComments: 'none',
  metafile: true,
  plugins: [narrowClient, namedImports],
  define: {
    "process.env['EVENTROUTE_VERSION']": JSON.stringify(packageJson.version),
    // google-gax, in the CommonJS format, works out where its files would be
    __dirname: 'import.meta.dirname',
  },
  // packages in the CommonJS format ask for node's own modules with require
  banner: {
    js: "import{createRequire as createRequireOfBundle}from'node:module';const require=createRequireOfBundle(import.meta.url);",
  },
  logLevel: 'warning',
});
await writeFile(
  join(outdir, 'package.json'),
  `${JSON.stringify({ type: 'module', version: packageJson.version })}\n`,
);
await writeFile(join(outdir, 'THIRD-PARTY-LICENSES'), await licences(metafile));
console.log(`Built ${outdir}/ with ${Object.keys(metafile.outputs).length} files`);

/** Collects the licence of every package that is in the bundle. */
async function licences({ inputs }: Metafile): Promise<string> {
  const folders = new Set(Object.keys(inputs).flatMap((path) => packageFolder(path) ?? []));
  const texts = await Promise.all([...folders].sort().map(licenceOf));
  return texts.join(`\n${'-'.repeat(100)}\n\n`);
}

function packageFolder(path: string): string | undefined {
  return /^(?!named:)(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(path)?.[0];
}

async function licenceOf(folder: string): Promise<string> {
  const { name, version, license } = JSON.parse(
    await readFile(join(folder, 'package.json'), 'utf8'),
  ) as Record<string, string>;
  const file = (await readdir(folder)).find((entry) => /^(licen[cs]e|copying)/i.test(entry));
  const text =
    file === undefined ? 'The package brings no licence text.\n' : await readFile(join(folder, file), 'utf8');
  return `${name} ${version} (${license})\n\n${text}`;
}

/**
 * `npm run package:plugin [-- --uri URL]`: makes of dist/ the archive of the kubectl plugin and, with its checksum, the
 * manifest by which Krew installs it from that URL. Both go to dist-plugin/.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';

import { archiveFolder, archiveName, krewManifest, unreleased } from './krew-manifest.ts';

const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
const { values } = parseArgs({
  options: {
    uri: { type: 'string', default: unreleased.uri(version) },
    dist: { type: 'string', default: 'dist' },
    output: { type: 'string', default: 'dist-plugin' },
  },
});
const { uri, dist, output } = values;

rmSync(output, { recursive: true, force: true });
const folder = join(output, archiveFolder);
mkdirSync(output, { recursive: true });
cpSync(dist, folder, { recursive: true });
cpSync('LICENSE', join(folder, 'LICENSE'));
// the same files are the same archive, whoever packs them and when
const tar = execFileSync(
  'tar',
  [
    '--create',
    '--sort=name',
    '--mtime=@0',
    '--owner=0',
    '--group=0',
    '--numeric-owner',
    '--format=ustar',
    archiveFolder,
  ],
  { cwd: output, maxBuffer: 2 ** 30 },
);
rmSync(folder, { recursive: true });
const archive = gzipSync(tar, { level: 9 });
const sha256 = createHash('sha256').update(archive).digest('hex');
writeFileSync(join(output, archiveName(version)), archive);
writeFileSync(join(output, 'eventroute.yaml'), krewManifest({ version, uri, sha256 }));
console.log(
  `Wrote ${output}/${archiveName(version)} (${archive.length} bytes, sha256 ${sha256}) and ${output}/eventroute.yaml`,
);

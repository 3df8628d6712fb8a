import { generateFiles, type GeneratedFile } from '../operator/api/reference.ts';
import { createMetrics } from '../operator/telemetry/metrics.ts';
import { metricsPage } from '../operator/telemetry/reference.ts';
import { makeJsonSchemas } from './json-schemas.ts';
import { makeKrewManifest } from './krew-manifest.ts';
import { makeReceiverPages } from './receiver-pages.ts';

/** Makes every generated file of the repository. */
export async function makeGeneratedFiles(): Promise<GeneratedFile[]> {
  return [
    ...(await generateFiles()),
    ...(await makeReceiverPages()),
    await makeKrewManifest(),
    ...(await makeJsonSchemas()),
    { path: 'docs/reference/metrics.md', text: metricsPage(createMetrics('').describe()) },
  ];
}

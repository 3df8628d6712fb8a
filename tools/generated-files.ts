import { generateFiles, type GeneratedFile } from '../operator/api/reference.ts';
import { createMetrics } from '../operator/telemetry/metrics.ts';
import { metricsPage } from '../operator/telemetry/reference.ts';

/** Makes every generated file of the repository. */
export async function makeGeneratedFiles(): Promise<GeneratedFile[]> {
  return [
    ...(await generateFiles()),
    { path: 'docs/reference/metrics.md', text: metricsPage(createMetrics('').describe()) },
  ];
}

import {
  type Conversion,
  type ConversionOptions,
  convertExporterConfig,
} from '../../operator/exporter/conversion.ts';
import { formatFinding, type Severity } from '../../operator/exporter/finding.ts';

/** Converts a text as if it were `exporter.yaml`, for the process by default. */
export function convert(text: string, options: Partial<ConversionOptions> = {}): Promise<Conversion> {
  return convertExporterConfig({
    text,
    file: 'exporter.yaml',
    namespace: 'root',
    environment: {},
    readFile: () => undefined,
    purpose: 'process',
    ...options,
  });
}

/** What a conversion tells, as the command prints it. */
export function told({ findings }: Conversion, ...severities: Severity[]): string[] {
  return findings
    .filter(({ severity }) => severities.length === 0 || severities.includes(severity))
    .map((finding) => formatFinding(finding, 'exporter.yaml'));
}

/** The sink of the only receiver. */
export function sinkOf({ receivers }: Conversion): Record<string, Record<string, unknown>> {
  return (receivers[0]!.object.spec as { sink: Record<string, Record<string, unknown>> }).sink;
}

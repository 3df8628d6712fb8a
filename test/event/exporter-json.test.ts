import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { createClusterEvent } from '../../operator/event/core-event.ts';
import { exporterJson } from '../../operator/event/exporter-json.ts';
import { readObjectMetadata } from '../../operator/event/object-metadata.ts';

interface GoldenCase {
  readonly core: Record<string, unknown>;
  readonly clusterName?: string;
  readonly object?: Record<string, unknown> | 'notFound' | null;
  readonly deDot?: boolean;
}

function readLines(path: string): string[] {
  return readFileSync(join(__dirname, path), 'utf8')
    .split('\n')
    .filter((line) => line !== '');
}

/** Writes a case as we do; the expected texts were written by the exporter's Go types (golden/main.go). */
function write({ core, clusterName, object, deDot }: GoldenCase): string {
  const event = createClusterEvent(core, {
    clusterName,
    object: object === 'notFound' ? object : object ? readObjectMetadata(object) : undefined,
  });
  return exporterJson(event, { deDot });
}

/** Writes a recorded Event, whose object's metadata the recording put where the exporter's document has it. */
function writeRecorded(line: string): string {
  const core = JSON.parse(line) as Record<string, unknown>;
  const { deleted, ...object } = core.involvedObject as Record<string, unknown>;
  return exporterJson(
    createClusterEvent(core, { object: { ...readObjectMetadata(object), deleted: deleted === true } }),
  );
}

describe('exporterJson', () => {
  const cases = readLines('golden/cases.jsonl');
  const expected = readLines('golden/expected.jsonl');

  it('has an expected text for every case', () => {
    expect(cases.length).toBeGreaterThanOrEqual(30);
    expect(expected).toHaveLength(cases.length);
  });

  it.each(cases.map((line, index) => [index + 1, line, expected[index]]))(
    'writes golden case %d byte for byte as Go does',
    (_number, line, text) => {
      expect(write(JSON.parse(line) as GoldenCase)).toBe(text);
    },
  );

  const recorded = readLines('recorded/events.jsonl');
  const recordedTexts = readLines('recorded/expected.jsonl');

  it('has thirty and more recorded Events of several kinds', () => {
    const kinds = recorded.map(
      (line) => (JSON.parse(line) as { involvedObject: { kind: string } }).involvedObject.kind,
    );

    expect(recorded.length).toBeGreaterThanOrEqual(30);
    expect(recordedTexts).toHaveLength(recorded.length);
    expect(new Set(kinds).size).toBeGreaterThanOrEqual(8);
  });

  it.each(recorded.map((line, index) => [index + 1, line, recordedTexts[index]]))(
    'writes recorded Event %d byte for byte as Go does',
    (_number, line, text) => {
      expect(writeRecorded(line)).toBe(text);
    },
  );
});

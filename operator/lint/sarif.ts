import { isAbsolute } from 'node:path';
import { pathToFileURL } from 'node:url';

import type { Log, Result } from 'sarif';

import { describeFinding, type Finding, type LintRule, lintRules } from './finding.ts';

const sarifVersion = '2.1.0';
const schemaUrl = 'https://json.schemastore.org/sarif-2.1.0.json';

/** Writes findings as a log of SARIF 2.1.0 (https://docs.oasis-open.org/sarif/sarif/v2.1.0), as plain data. */
export function sarifLog(findings: readonly Finding[], version: string): Log {
  const ids = Object.keys(lintRules) as LintRule[];
  return {
    $schema: schemaUrl,
    version: sarifVersion,
    runs: [
      {
        tool: {
          driver: {
            name: 'eventroute',
            version,
            rules: ids.map((id) => ({ id, name: id, shortDescription: { text: lintRules[id] } })),
          },
        },
        columnKind: 'utf16CodeUnits',
        results: findings.map((finding) => resultOf(finding, ids.indexOf(finding.rule))),
      },
    ],
  };
}

function resultOf(finding: Finding, ruleIndex: number): Result {
  const { rule, severity, place, object, path } = finding;
  const name = [object, path].filter((part) => part !== undefined && part !== '').join(' ');
  return {
    ruleId: rule,
    ruleIndex,
    level: severity,
    message: { text: describeFinding(finding) },
    locations: [
      {
        physicalLocation: {
          artifactLocation: { uri: uriOf(place.file) },
          region: { startLine: place.line, startColumn: place.column },
        },
        ...(name !== '' && { logicalLocations: [{ fullyQualifiedName: name }] }),
      },
    ],
  };
}

/** A relative reference, so that the log can be read where the repository lies elsewhere. */
function uriOf(file: string): string {
  if (isAbsolute(file)) return pathToFileURL(file).href;
  const segments = file.split(/[\\/]/).map(encodeURIComponent);
  return segments[0] === '.' ? segments.slice(1).join('/') : segments.join('/');
}

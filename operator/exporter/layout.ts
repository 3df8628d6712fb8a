import { joinPath } from '../schema/problem.ts';
import { type Findings } from './finding.ts';
import { type ConfigNode, type MapNode, type ScalarNode } from './node.ts';

/** Reads a layout as plain data; undefined, and an error, when it is no map. */
export function readLayout(node: ConfigNode, path: string, findings: Findings): unknown {
  if (node.kind === 'map') return readMap(node, path, findings);
  const message =
    node.kind === 'broken' ? node.problem : 'must be a map; an absent layout sends the whole event';
  findings.add('error', { line: node.line, path }, message);
  return undefined;
}

function readValue(node: ConfigNode, path: string, findings: Findings): unknown {
  switch (node.kind) {
    case 'map':
      return readMap(node, path, findings);
    case 'list':
      return node.items.map((item, index) => readValue(item, joinPath(path, index), findings));
    case 'broken':
      findings.add('error', { line: node.line, path }, node.problem);
      return null;
    case 'scalar':
      return readScalar(node, path, findings);
  }
}

function readScalar({ value, line }: ScalarNode, path: string, findings: Findings): unknown {
  if (typeof value === 'number' || typeof value === 'boolean') {
    const message = `is sent as null by the exporter, whose layouts know texts only; here it is sent as ${value}`;
    findings.add('difference', { line, path }, message);
  }
  return value;
}

function readMap({ entries }: MapNode, path: string, findings: Findings): Record<string, unknown> {
  return Object.fromEntries(
    entries.map(({ key, node }) => [literalKey(key), readValue(node, joinPath(path, key), findings)]),
  );
}

/** Keys are templates with us, and plain text in the exporter. */
function literalKey(key: string): string {
  return key.replaceAll('{{', '{{"{{"}}');
}

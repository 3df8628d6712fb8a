import { formatDuration } from '../schema/duration.ts';

/** A column of `kubectl get`, as a CustomResourceDefinition declares it. */
export interface PrinterColumn {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'date';
  readonly jsonPath: string;
  readonly description: string;
  /** 0 is always shown, 1 with `-o wide`. */
  readonly priority?: number;
}

/**
 * Reads what a column shows of an object, as kubectl does: dates as ages, nothing as an empty cell. It understands
 * the paths that our columns use: `.a.b` and `[?(@.type=="Ready")]`.
 */
export function readColumn(column: PrinterColumn, object: unknown, now: Date): string {
  const value = column.jsonPath
    .split(/\.(?![^[]*\])/)
    .slice(1)
    .reduce(step, object);
  if (typeof value !== 'string' && typeof value !== 'number') return '';
  return column.type === 'date' ? age(now.getTime() - Date.parse(String(value))) : String(value);
}

/** Ages are told in whole seconds. */
function age(durationMs: number): string {
  return durationMs < 1_000 ? '0s' : formatDuration(durationMs);
}

function step(value: unknown, part: string): unknown {
  const [, key = part, wanted] = /^(\w+)\[\?\(@\.type=="(\w+)"\)\]$/.exec(part) ?? [];
  const child = (value as Record<string, unknown> | undefined)?.[key];
  if (wanted === undefined) return child;
  return (child as readonly { type: string }[] | undefined)?.find(({ type }) => type === wanted);
}

/** The column that every object of Kubernetes has. */
export const ageColumn: PrinterColumn = {
  name: 'Age',
  type: 'date',
  jsonPath: '.metadata.creationTimestamp',
  description: 'When the object was created.',
};

/** The first and the last columns of both kinds: what `Ready` says, and with `-o wide` why. */
export const readyColumn: PrinterColumn = {
  name: 'Ready',
  type: 'string',
  jsonPath: '.status.conditions[?(@.type=="Ready")].status',
  description: 'Whether the object is in use and nothing is wrong with it.',
};

export const reasonColumns: readonly PrinterColumn[] = [
  {
    name: 'Reason',
    type: 'string',
    jsonPath: '.status.conditions[?(@.type=="Ready")].reason',
    description: 'Why, in one word.',
    priority: 1,
  },
  {
    name: 'Message',
    type: 'string',
    jsonPath: '.status.conditions[?(@.type=="Ready")].message',
    description: 'Why, in a sentence.',
    priority: 1,
  },
];

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

/** kubectl tells ages coarser the older they are: up to a bound, in one unit or with the remainder in the next. */
const ageForms = [
  { below: 120, unit: 's', seconds: 1 },
  { below: 600, unit: 'm', seconds: 60, rest: { unit: 's', seconds: 1 } },
  { below: 10_800, unit: 'm', seconds: 60 },
  { below: 28_800, unit: 'h', seconds: 3_600, rest: { unit: 'm', seconds: 60 } },
  { below: 172_800, unit: 'h', seconds: 3_600 },
  { below: 691_200, unit: 'd', seconds: 86_400, rest: { unit: 'h', seconds: 3_600 } },
  { below: 63_072_000, unit: 'd', seconds: 86_400 },
  { below: 252_288_000, unit: 'y', seconds: 31_536_000, rest: { unit: 'd', seconds: 86_400 } },
  { below: Infinity, unit: 'y', seconds: 31_536_000 },
] as const;

function age(durationMs: number): string {
  if (Number.isNaN(durationMs)) return '<invalid>';
  const total = Math.max(0, Math.floor(durationMs / 1_000));
  const form = ageForms.find(({ below }) => total < below) ?? ageForms[0];
  const main = `${Math.floor(total / form.seconds)}${form.unit}`;
  if (!('rest' in form)) return main;
  const rest = Math.floor((total % form.seconds) / form.rest.seconds);
  return rest === 0 ? main : `${main}${rest}${form.rest.unit}`;
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

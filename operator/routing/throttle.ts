import { createHash } from 'node:crypto';

import { type ClusterEvent } from '../event/cluster-event.ts';
import { isRecord } from '../event/json-value.ts';
import { formatDuration, parseDuration } from '../schema/duration.ts';
import { joinPath, type Problem } from '../schema/problem.ts';
import { defaultGroupFields, groupFields, labelPrefix } from './throttle-fields.ts';

/** A group of events that a throttle treats alike. */
export interface ThrottleGroup {
  /** Names the route, the rule and the values that the events share. */
  readonly key: string;
  /** So many events of a window are sent at once. */
  readonly first: number;
  /** How long a window lasts. */
  readonly perMs: number;
}

/** The flood control of a rule; whoever delivers keeps the windows. */
export interface Throttle {
  /** For people: `involvedObject.uid, reason per 10m`. */
  readonly text: string;
  /** It groups by what only a look-up of the involved object brings. */
  readonly needsObject: boolean;
  readonly groupOf: (event: ClusterEvent) => ThrottleGroup;
}

/** The rule that a throttle stands in. */
export interface ThrottledRule {
  /** `namespace/name` of the route. */
  readonly route: string;
  readonly path: string;
  readonly written: Readonly<Record<string, unknown>>;
}

const [leastPerMs, mostPerMs] = [1_000, 24 * 3_600_000];

/** Compiles the throttle of a match rule; undefined when the rule has none, or one with problems. */
export function compileThrottle(rule: ThrottledRule, problems: Problem[]): Throttle | undefined {
  const { route, path, written } = rule;
  const throttle = written['throttle'];
  // what is no map is a problem of its shape already
  if (!isRecord(throttle)) return undefined;
  const at = joinPath(path, 'throttle');
  if (typeof written['receiver'] !== 'string' || written['receiver'] === '') {
    problems.push({ path: at, message: 'needs a `receiver` in the same rule: without one nothing is sent' });
    return undefined;
  }
  const by = readBy(throttle['by']);
  const first = typeof throttle['first'] === 'number' ? throttle['first'] : 1;
  const perMs = readPer(throttle['per'], joinPath(at, 'per'), problems);
  if (perMs === undefined || by === undefined) return undefined;
  // a rule that was changed, or that stands elsewhere, begins anew
  const identity = digest(JSON.stringify([route, path, written]));
  const readers = by.map(readerOf);
  return {
    text: describeThrottle(throttle),
    needsObject: by.some((field) => field === 'owner' || field.startsWith(labelPrefix)),
    groupOf: (event) => {
      const values = JSON.stringify(readers.map((read) => read(event)));
      return { key: identity + (values.length > maxKeyLength ? digest(values) : values), first, perMs };
    },
  };
}

/** Writes a throttle for people, also one that is not valid: `involvedObject.uid, reason per 10m`. */
export function describeThrottle({ by, first, per }: Readonly<Record<string, unknown>>): string {
  const fields = readBy(by) ?? [];
  const after = typeof first === 'number' && first !== 1 ? ` after ${first}` : '';
  return `${fields.join(', ')}${after} per ${typeof per === 'string' ? per : '?'}`;
}

/** Joins what routes say that send an event to the same receiver; undefined when one of them sends it at once. */
export function joinThrottles(
  routes: readonly { readonly throttles: readonly ThrottleGroup[] | undefined }[],
): readonly ThrottleGroup[] | undefined {
  if (routes.length === 1) return routes[0]?.throttles;
  const joined: ThrottleGroup[] = [];
  for (const { throttles } of routes) {
    if (throttles === undefined) return undefined;
    joined.push(...throttles);
  }
  return joined.length === 0 ? undefined : joined;
}

/** A longer key is kept as its digest: a message may be long. */
const maxKeyLength = 256;

function digest(text: string): string {
  return createHash('sha256').update(text).digest('base64url').slice(0, 22);
}

function readBy(written: unknown): string[] | undefined {
  if (written === undefined) return [...defaultGroupFields];
  if (!Array.isArray(written)) return undefined;
  return [...new Set(written.filter((field) => typeof field === 'string'))];
}

type Reader = (event: ClusterEvent) => string;

function readerOf(field: string): Reader {
  if (field.startsWith(labelPrefix)) {
    const key = field.slice(labelPrefix.length);
    return ({ involvedObject: { labels = {} } }) => (Object.hasOwn(labels, key) ? (labels[key] ?? '') : '');
  }
  const known: Readonly<Record<string, Reader>> = groupFields;
  // what is not known is a problem of the shape, so that the rule never runs
  return (Object.hasOwn(known, field) ? known[field] : undefined) ?? (() => '');
}

function readPer(written: unknown, path: string, problems: Problem[]): number | undefined {
  const perMs = typeof written === 'string' ? parseDuration(written) : undefined;
  if (perMs === undefined || (perMs >= leastPerMs && perMs <= mostPerMs)) return perMs;
  const bounds = `from ${formatDuration(leastPerMs)} to 24h`;
  problems.push({ path, message: `must be ${bounds}, not ${JSON.stringify(written)}` });
  return undefined;
}

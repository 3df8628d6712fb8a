import { type Occurrence } from '../../operator/event/occurrence.ts';
import { type Log } from '../../operator/telemetry/log.ts';
import { type CoreEvent } from '../../operator/source/intake.ts';

/** A line that was logged. */
export interface LogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** A log that keeps its lines. */
export function createFakeLog(): Log & { readonly lines: LogLine[] } {
  const lines: LogLine[] = [];
  const at =
    (level: LogLine['level']) =>
    (message: string, fields: Readonly<Record<string, unknown>> = {}): void =>
      void lines.push({ level, message, fields });
  return { lines, debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

/** Counts calls by their argument. */
export function createFakeMetrics(): {
  readonly counts: Record<string, number>;
  eventReceived(): void;
  eventDiscarded(reason: string): void;
  objectLookedUp(result: string): void;
  watchFailed(resource: string, reason: string): void;
} {
  const counts: Record<string, number> = {};
  const count = (name: string): void => void (counts[name] = (counts[name] ?? 0) + 1);
  return {
    counts,
    eventReceived: () => count('received'),
    eventDiscarded: (reason) => count(reason),
    objectLookedUp: (result) => count(result),
    watchFailed: (resource, reason) => count(`${resource} ${reason}`),
  };
}

/** What a test says of an Event. */
export interface EventSketch {
  readonly uid: string;
  readonly version: number | string;
  readonly count?: number;
  readonly at?: Date | undefined;
  readonly more?: CoreEvent;
}

/** Makes a core/v1 Event. */
export function coreEvent({ uid, version, count = 1, at, more }: EventSketch): CoreEvent & {
  metadata: { name: string; namespace: string; uid: string; resourceVersion: string };
} {
  return {
    metadata: { name: `${uid}-event`, namespace: 'shop', uid, resourceVersion: String(version) },
    involvedObject: {
      apiVersion: 'v1',
      kind: 'Pod',
      namespace: 'shop',
      name: `pod-${uid}`,
      uid: `pod-${uid}`,
    },
    reason: 'BackOff',
    count,
    lastTimestamp: at === undefined ? null : at.toISOString(),
    ...more,
  };
}

/** The keys of occurrences, in order. */
export function keysOf(occurrences: readonly Occurrence[]): string[] {
  return occurrences.map(({ key }) => key);
}

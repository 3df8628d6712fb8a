import { type CustomResource } from '../api/resource.ts';
import { type Condition } from '../status/condition.ts';

/** Whether an object is ready, and why not. */
export interface Health {
  readonly status: Condition['status'];
  /** One word out of docs/reference/reasons.md. */
  readonly reason: string;
  readonly message: string;
  /** The operator has judged an older generation only, so all of this is about that one. */
  readonly isBehind: boolean;
}

/** What a status holds of health; it is what the API server gave, so nothing of it is certain. */
interface StatusWithConditions {
  readonly conditions?: readonly Partial<Condition>[];
}

const notLookedAt = {
  status: 'Unknown',
  reason: 'Pending',
  message: 'The operator has not looked at this object yet',
} as const;

/** Reads the health of an object from its Ready condition. */
export function healthOf({ metadata, status }: CustomResource): Health {
  const { conditions = [] } = (status ?? {}) as StatusWithConditions;
  const ready = conditions.find(({ type }) => type === 'Ready') ?? notLookedAt;
  const { observedGeneration }: Partial<Condition> = ready;
  const { generation = 0 } = metadata;
  return {
    status: ready.status ?? notLookedAt.status,
    reason: ready.reason ?? notLookedAt.reason,
    message: ready.message ?? '',
    isBehind: observedGeneration !== undefined && observedGeneration < generation,
  };
}

/** Whether all is well with an object, as of its newest generation. */
export function isHealthy(object: CustomResource): boolean {
  const { status, isBehind } = healthOf(object);
  return status === 'True' && !isBehind;
}

/** Says in a line why an object is not ready. */
export function describeHealth({ status, reason, message, isBehind }: Health): string {
  const behind = isBehind ? 'the operator has not looked at its newest generation yet; before, ' : '';
  const verdict = { True: 'was ready', False: 'is not ready', Unknown: 'is not known to be ready' }[status];
  return `${behind}${verdict} (${reason}): ${message}`;
}

import { keyText, type ObjectKey } from '../api/resource.ts';
import { isRecord } from '../event/json-value.ts';
import { type Remark } from './finding.ts';
import { type Surroundings } from './surroundings.ts';

const path = 'spec.delivery.deadLetterRef';

/** Reads which receiver gets the dead letters of another: one of the same namespace. */
export function deadLetterKey(delivery: unknown, namespace: string): ObjectKey | undefined {
  const ref = isRecord(delivery) ? delivery['deadLetterRef'] : undefined;
  const name = isRecord(ref) ? ref['name'] : undefined;
  return typeof name === 'string' ? { namespace, name } : undefined;
}

/** Judges where the dead letters of each receiver go; `refs` has what each of the files' receivers names. */
export async function judgeDeadLetters(
  refs: ReadonlyMap<string, ObjectKey>,
  surroundings: Surroundings,
): Promise<ReadonlyMap<string, Remark>> {
  const judged = new Map<string, Remark>();
  for (const [receiver, target] of refs) {
    if (isInCycle(receiver, refs)) {
      const message = `leads back to ${receiver}: letters that are dead there, too, are dropped; name a receiver that needs none`;
      judged.set(receiver, { rule: 'DeadLetterCycle', severity: 'warning', path, message });
    } else if ((await surroundings.receiver(target)) === undefined) {
      const message = `names \`${target.name}\`: there is no EventReceiver ${target.name} in namespace ${target.namespace}; ${surroundings.remedyOfMissing}`;
      judged.set(receiver, { rule: 'ReceiverNotFound', severity: 'error', path, message });
    }
  }
  return judged;
}

function isInCycle(start: string, refs: ReadonlyMap<string, ObjectKey>): boolean {
  const seen = new Set<string>();
  for (let at = refs.get(start); at !== undefined; at = refs.get(keyText(at))) {
    const key = keyText(at);
    if (key === start) return true;
    if (seen.has(key)) return false;
    seen.add(key);
  }
  return false;
}

import { objectKey } from '../event/object-key.ts';
import { type Occurrence } from '../event/occurrence.ts';

/**
 * Names what an occurrence keeps its order with. One that cannot be read far enough to name its object keeps no order; it
 * must not break intake.
 */
export function orderKey({ event, key }: Occurrence): string {
  try {
    return objectKey(event);
  } catch {
    return key;
  }
}

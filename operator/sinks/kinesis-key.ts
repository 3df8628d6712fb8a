import { createHash } from 'node:crypto';

import { type SinkEvent, type TextTemplate } from '../sink-kit/index.ts';

/** Partition keys have 1 to 256 Unicode characters (API reference of PutRecords). */
const maxLength = 256;

/** Makes the partition keys of events; one that Kinesis would refuse would have its whole request refused. */
export function createPartitionKey(template: TextTemplate | undefined): (event: SinkEvent) => string {
  return (event) => {
    const key = (template?.render(event) ?? event.event.uid).toWellFormed();
    if (key === '') return event.key;
    return key.length > maxLength ? createHash('sha256').update(key).digest('hex') : key;
  };
}

/** Events of a cluster that repeat one after the other, made from their number alone, so that the past takes no memory. */
import { type SourceHistory } from '../../operator/control/history.ts';
import { createClusterEvent } from '../../operator/event/core-event.ts';
import { createOccurrence, type Occurrence } from '../../operator/event/occurrence.ts';

/** How many different Events there are; each happens again after so many others. */
const distinct = 20_000;
const itemsPerTurn = 200;

/** What happens in the cluster. */
export interface Stream {
  /** How many occurrences there were. */
  readonly count: number;
  /** Lets the next one happen. */
  next(): Occurrence;
  /** What an API server would tell of it: each Event as it is now. */
  readonly history: SourceHistory;
}

/** Creates a stream in which nothing has happened. */
export function createStream(): Stream {
  let count = 0;
  const compare = (one: string, other: string): number => Number(one) - Number(other);
  return {
    get count() {
      return count;
    },
    next() {
      count += 1;
      return occurrence(count);
    },
    history: {
      compare,
      async replay({ after, until, onOccurrence, signal }) {
        const upTo = Math.min(count, until === undefined ? Infinity : Number(until));
        const oldest = Math.max(1, count - distinct + 1);
        for (let version = oldest; version <= upTo; version += 1) {
          // a list holds what is not wanted, too
          const told = occurrence(version);
          if (version % itemsPerTurn === 0) await new Promise((resolve) => setImmediate(resolve));
          signal.throwIfAborted();
          if (version > Number(after) && (await onOccurrence(told)) === 'enough') {
            return { upTo: String(upTo), reachesBack: true, isWhole: false };
          }
        }
        return { upTo: String(upTo), reachesBack: true, isWhole: true };
      },
    },
  };
}

function occurrence(version: number): Occurrence {
  const number = version % distinct;
  const name = `web-${number % 500}`;
  const time = new Date().toISOString();
  const core = {
    metadata: {
      name: `${name}.${number.toString(16)}`,
      namespace: 'shop',
      uid: `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`,
      resourceVersion: String(version),
      creationTimestamp: time,
    },
    involvedObject: { kind: 'Pod', namespace: 'shop', name, uid: `pod-${name}`, apiVersion: 'v1' },
    reason: 'BackOff',
    message: `Back-off restarting failed container web in pod ${name}_shop, for the time number ${version}`,
    source: { component: 'kubelet', host: `node-${number % 50}` },
    firstTimestamp: time,
    lastTimestamp: time,
    count: Math.floor(version / distinct) + 1,
    type: 'Warning',
    // when it was made, so that the receiver knows how long it took
    action: String(Date.now()),
  };
  // an API server's text has to be parsed
  return createOccurrence(
    createClusterEvent(JSON.parse(JSON.stringify(core)) as Record<string, unknown>, { clusterName: 'bench' }),
  );
}

import { keyText, type CustomResource, type ObjectKey } from '../api/resource.ts';
import { type Delivery } from '../delivery/delivery.ts';
import { resolvePolicy } from '../delivery/policy.ts';
import { type ReceiverStatus } from '../status/receiver-status.ts';
import { createKeyedQueue } from './keyed-queue.ts';
import { manageReceiver, type ManagedReceiver, type ReceiverSurroundings } from './managed-receiver.ts';

/** All EventReceivers, by `namespace/name`. */
export interface Receivers {
  /** Takes a new or changed object; rejects when it has to be tried again. */
  apply(object: CustomResource<ReceiverStatus>): Promise<void>;
  /** Forgets a deleted object: what waits for it gets a last chance, then is dropped as ReceiverGone. */
  remove(key: ObjectKey): Promise<void>;
  get(key: string): ManagedReceiver | undefined;
  all(): IterableIterator<ManagedReceiver>;
  /** Reads Secrets again and repeats failed checks where it is time; called every second or so. */
  refresh(): Promise<void>;
  /** Ends all checks; the sinks are closed by delivery. */
  close(): void;
}

/** How often the Secrets of a receiver are read again: when all is well, and when something is missing or refused. */
const secretsPeriodMs = 60_000;
const mendingPeriodMs = 5_000;
const checkPeriodMs = 15_000;
/** How long a deleted receiver may still deliver what waits. */
const farewellMs = 5_000;

/** Creates the registry of receivers; `onChange` is called with a receiver's key whenever something about it changed. */
export function createReceivers(
  delivery: Delivery,
  around: ReceiverSurroundings,
  onChange: (key: string) => void,
): Receivers {
  const managed = new Map<string, ManagedReceiver>();
  const lastRefreshMs = new Map<string, number>();
  const queue = createKeyedQueue();
  const { clock, log } = around;

  const reconcile = (receiver: ManagedReceiver): Promise<void> => {
    const key = keyText(receiver.key);
    return queue.run(key, async () => {
      if (managed.get(key) !== receiver) return;
      lastRefreshMs.set(key, clock.now());
      await receiver.reconcile();
      onChange(key);
    });
  };

  return {
    apply(object) {
      const key = keyText(object.metadata);
      let receiver = managed.get(key);
      if (receiver === undefined) {
        receiver = manageReceiver(object, delivery.ensure(key, resolvePolicy(undefined)), around);
        managed.set(key, receiver);
      }
      receiver.object = object;
      return reconcile(receiver);
    },
    remove(key) {
      const text = keyText(key);
      const receiver = managed.get(text);
      managed.delete(text);
      lastRefreshMs.delete(text);
      receiver?.close();
      onChange(text);
      return queue.run(text, async () => {
        if (!managed.has(text)) await delivery.remove(text, { graceMs: farewellMs });
      });
    },
    get: (key) => managed.get(key),
    all: () => managed.values(),
    async refresh() {
      const due = [...managed.values()].filter((receiver) =>
        isDue(receiver, clock.now() - (lastRefreshMs.get(keyText(receiver.key)) ?? 0)),
      );
      await Promise.all(
        due.map(async (receiver) => {
          const checked = receiver.checkFailure !== undefined ? receiver.check() : undefined;
          await reconcile(receiver).catch((error: unknown) => {
            log.warn('Failed to read the Secrets of a receiver', { receiver: keyText(receiver.key), error });
          });
          await checked;
        }),
      );
    },
    close() {
      for (const receiver of managed.values()) receiver.close();
    },
  };
}

function isDue(receiver: ManagedReceiver, sinceMs: number): boolean {
  return sinceMs >= refreshPeriodMs(receiver);
}

function refreshPeriodMs(receiver: ManagedReceiver): number {
  if (receiver.judgedGeneration < 0 || receiver.objection?.aspect === 'ResolvedRefs') return mendingPeriodMs;
  if (receiver.checkFailure !== undefined) return checkPeriodMs;
  const secrets = receiver.running?.prepared.secrets ?? [];
  if (secrets.length === 0) return Infinity;
  return isRefused(receiver) ? mendingPeriodMs : secretsPeriodMs;
}

/** The system refuses the credentials: perhaps they were rotated, and the Secret holds new ones by now. */
function isRefused(receiver: ManagedReceiver): boolean {
  const { consecutiveFailures, lastFailure } = receiver.tally();
  return consecutiveFailures > 0 && lastFailure?.reason === 'Unauthorized';
}

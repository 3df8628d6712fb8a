import { keyText, type CustomResource } from '../api/resource.ts';
import { type Checkpoint } from '../delivery/course.ts';
import { type WrittenPolicy } from '../delivery/policy-fields.ts';
import { type Spool } from '../spool/spool.ts';
import { type ReceiverStatus } from '../status/receiver-status.ts';
import { type History } from './history.ts';

/** Where a receiver goes on; undefined means from now. */
export type StartOf = (object: CustomResource<ReceiverStatus>) => Checkpoint | undefined;

/**
 * Makes what tells where a receiver goes on: from the later one of its checkpoints in the status and in the spool, or a new
 * one from the beginning if it wants to.
 */
export function createStartOf(
  history: History | undefined,
  spool: Pick<Spool, 'saved'> | undefined,
): StartOf {
  if (history === undefined) return () => undefined;
  return (object) => {
    const reported = reportedBy(object);
    const { uid = '' } = object.metadata;
    const saved = spool?.saved(keyText(object.metadata), uid);
    if (reported === undefined || saved === undefined) return reported ?? saved ?? wishOf(object);
    return history.compare(saved.position, reported.position) > 0 ? saved : reported;
  };
}

function reportedBy({ status }: CustomResource<ReceiverStatus>): Checkpoint | undefined {
  const { checkpoint } = status ?? {};
  return checkpoint && { position: checkpoint.resourceVersion, time: new Date(checkpoint.time) };
}

function wishOf({ spec }: CustomResource): Checkpoint | undefined {
  const { delivery } = (spec ?? {}) as { readonly delivery?: WrittenPolicy };
  return delivery?.startFrom === 'Oldest' ? { position: '0', time: new Date(0) } : undefined;
}

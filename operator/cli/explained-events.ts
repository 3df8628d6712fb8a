import { createReadStream, existsSync } from 'node:fs';

import { type ObjectKey } from '../api/resource.ts';
import { readRecord, readText } from '../event/json-value.ts';
import { isKubeFailure } from '../kube/kube-error.ts';
import { namespaceOf, readRecordedEvents, type RehearsedEvent } from '../rehearsal/rehearsed-event.ts';
import { type Surroundings } from '../lint/surroundings.ts';
import { systemClock } from '../schema/clock.ts';
import { type ClusterReader } from './cluster-reader.ts';
import { UsageError } from './exit.ts';

/** Where Events to explain come from. */
export type EventOrigin =
  { readonly kind: 'file'; readonly path: string } | { readonly kind: 'cluster'; readonly key: ObjectKey };

/** Reads what `--event` says: `-`, a file that is there, or `NAMESPACE/NAME`. */
export function readOrigin(written: string): EventOrigin {
  if (written === '-' || existsSync(written)) return { kind: 'file', path: written };
  const [namespace = '', name = '', ...more] = written.split('/');
  const isKey = more.length === 0 && namespace !== '' && name !== '' && !/\.(jsonl?|ya?ml)$/.test(name);
  if (isKey && !/^\.{1,2}$/.test(namespace)) return { kind: 'cluster', key: { namespace, name } };
  throw new UsageError(
    `--event ${written} is neither a file that is there nor NAMESPACE/NAME of an Event in the cluster; - is standard input`,
  );
}

/** Reads the Events of an origin; throws when there is none, or a part of a file is no Event. */
export async function readEventsOf(
  origin: EventOrigin,
  cluster: ClusterReader | undefined,
): Promise<readonly RehearsedEvent[]> {
  if (origin.kind === 'cluster') return [await readClusterEvent(origin.key, cluster)];
  const isStdin = origin.path === '-';
  const name = isStdin ? 'standard input' : origin.path;
  const stream = isStdin ? process.stdin : createReadStream(origin.path);
  const { events, problems } = await readRecordedEvents(stream, name);
  const [problem] = problems;
  if (problem !== undefined) throw new Error(problem);
  if (events.length === 0) throw new Error(`${name} holds no Event`);
  return cluster === undefined ? events : await Promise.all(events.map((event) => enrich(event, cluster)));
}

async function readClusterEvent(key: ObjectKey, cluster: ClusterReader | undefined): Promise<RehearsedEvent> {
  const core = await cluster?.event(key);
  if (cluster !== undefined && core !== undefined) return enrich({ core, object: undefined }, cluster);
  const { namespace, name } = key;
  throw new Error(
    `there is no Event ${name} in namespace ${namespace}, or no longer (the API server keeps them for an hour): see kubectl get events -n ${namespace}`,
  );
}

/** Looks the object up as the operator does, with the caller's rights; labels that an Event carries stay. */
async function enrich(event: RehearsedEvent, cluster: ClusterReader): Promise<RehearsedEvent> {
  if (event.object !== undefined) return event;
  const { createObjectLookUp } = await import('../source/object-lookup.ts');
  const { isSameObject } = await import('../source/live-object.ts');
  const involved = readRecord(event.core['involvedObject']);
  const [apiVersion, kind, namespace, name, uid] = (
    ['apiVersion', 'kind', 'namespace', 'name', 'uid'] as const
  ).map((field) => readText(involved[field])) as [string, string, string, string, string];
  const lookUp = createObjectLookUp({ client: cluster.client, clock: systemClock });
  try {
    const found = await lookUp({ apiVersion, kind, namespace, name }, AbortSignal.timeout(lookUpTimeoutMs));
    if (found === 'unknownKind') return event;
    const isSame = found !== 'notFound' && isSameObject(found, { uid, name });
    return { ...event, object: isSame ? found.metadata : 'notFound' };
  } catch (thrown) {
    if (!isKubeFailure(thrown, 'forbidden')) throw thrown;
    cluster.gaps.add(
      `You may not get ${kind} ${name}: rules that ask for its labels, annotations or owners match nothing here`,
    );
    return event;
  }
}

const lookUpTimeoutMs = 10_000;

/** Gives the labels of the namespace that an Event is about; undefined when they are not known. */
export async function namespaceLabelsOf(
  event: RehearsedEvent,
  surroundings: Pick<Surroundings, 'namespaceLabels'>,
): Promise<Readonly<Record<string, string>> | undefined> {
  const namespace = namespaceOf(event);
  if (namespace === '') return {};
  const labels = await surroundings.namespaceLabels(namespace);
  return labels === 'unknown' ? undefined : labels;
}

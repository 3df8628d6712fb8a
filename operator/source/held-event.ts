import { type Occurrence } from '../event/occurrence.ts';
import { isKubeFailure } from '../kube/kube-error.ts';
import { type KubeObject, resourcePath } from '../kube/kube-object.ts';
import { readOccurrence, type ReplayContext } from './replay.ts';

type Context = Pick<ReplayContext, 'client' | 'clusterName' | 'enrichment' | 'includeOwnEvents'>;

/** Reads an Event that the API server may still hold, as the occurrence that it stands for now; undefined when it is gone. */
export async function findEvent(
  context: Context,
  { namespace, name }: { readonly namespace: string; readonly name: string },
  signal: AbortSignal,
): Promise<Occurrence | undefined> {
  const path = resourcePath({ group: '', version: 'v1', plural: 'events' }, { namespace, name });
  try {
    const core = await context.client.request<KubeObject & Record<string, unknown>>('GET', path, { signal });
    return await readOccurrence(core, context);
  } catch (thrown) {
    if (isKubeFailure(thrown, 'notFound')) return undefined;
    throw thrown;
  }
}

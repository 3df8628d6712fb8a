import { createClusterEvent, type CountedEvent } from '../event/core-event.ts';
import { createOccurrence, type Occurrence } from '../event/occurrence.ts';
import { isOwnEvent } from '../event/own-event.ts';
import { type KubeClient } from '../kube/client.ts';
import { type KubeObject } from '../kube/kube-object.ts';
import { listPagesAnew } from '../kube/pager.ts';
import { createBacklog, type Backlog } from './backlog.ts';
import { type Enrichment } from './enrichment.ts';
import { comparePositions } from './position.ts';
import { type Position, type Replayed, type ReplayOptions } from './source.ts';

/** What a replay reads from. */
export interface ReplayContext {
  readonly client: Pick<KubeClient, 'request'>;
  /** The collection of Events. */
  readonly path: string;
  readonly pageSize: number;
  /** How many Events are held to put them into order. */
  readonly backlogSize: number;
  readonly clusterName: string;
  readonly includeOwnEvents: () => boolean;
  readonly enrichment: Pick<Enrichment, 'enrich'>;
}

type ListedEvent = KubeObject & Record<string, unknown>;

/** How many Events are handed on before other work of the process gets its turn. */
const eventsPerTurn = 200;

/**
 * Lists the Events that the API server holds and hands on those after a position, in order, as the occurrences that they
 * stand for now. An Event that was repeated meanwhile comes once, with its highest count.
 */
export async function replayEvents(context: ReplayContext, options: ReplayOptions): Promise<Replayed> {
  const { after, until, signal, onOccurrence } = options;
  let backlog: Backlog<ListedEvent> | undefined;
  let upTo: Position = '';
  let reachesBack = false;
  const list = (): Promise<string> =>
    listPagesAnew<ListedEvent>({
      ...context,
      query: {},
      signal,
      onPage({ items, metadata }, { first }) {
        if (first && backlog === undefined) {
          upTo = earlier(metadata.resourceVersion ?? '', until);
          backlog = createBacklog({ after, upTo, limit: context.backlogSize });
        }
        if (first) backlog?.begin();
        for (const item of items) {
          backlog?.add(item);
          reachesBack ||= comparePositions(item.metadata.resourceVersion ?? '', after) <= 0;
        }
      },
    });

  for (let isPartial = true; isPartial;) {
    await list();
    signal.throwIfAborted();
    const taken = backlog?.take() ?? { items: [], isPartial: false };
    ({ isPartial } = taken);
    for (const [index, item] of taken.items.entries()) {
      const occurrence = await readOccurrence(item, context);
      signal.throwIfAborted();
      if (occurrence !== undefined && (await onOccurrence(occurrence)) === 'enough') {
        return { upTo, reachesBack, isWhole: false };
      }
      if (index % eventsPerTurn === eventsPerTurn - 1) await new Promise((resolve) => setImmediate(resolve));
    }
  }
  return { upTo, reachesBack, isWhole: true };
}

function earlier(position: Position, until: Position | undefined): Position {
  return until !== undefined && comparePositions(until, position) < 0 ? until : position;
}

/** Makes the occurrence that an Event, as the API server holds it now, stands for; undefined when it is not told of. */
export async function readOccurrence(
  core: Record<string, unknown>,
  context: Pick<ReplayContext, 'clusterName' | 'enrichment' | 'includeOwnEvents'>,
): Promise<Occurrence | undefined> {
  const { clusterName, enrichment, includeOwnEvents } = context;
  const event: CountedEvent = createClusterEvent(core, { clusterName });
  if (isOwnEvent(event) && !includeOwnEvents()) return undefined;
  const { object, namespaceLabels } = await enrichment.enrich(event);
  return createOccurrence(createClusterEvent(core, { clusterName, object, namespaceLabels }));
}

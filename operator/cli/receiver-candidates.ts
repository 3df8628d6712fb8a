import { eventReceiverKind } from '../api/event-receiver.ts';
import { apiGroup, apiVersion, type CustomResource } from '../api/resource.ts';
import { type KubeClient } from '../kube/client.ts';
import { type KubeList, resourcePath } from '../kube/kube-object.ts';
import { printable } from '../routing/drawing.ts';
import { type Candidate } from './candidates.ts';
import { openClient } from './cluster-flags.ts';
import { healthOf } from './health.ts';

/** Whoever presses TAB does not wait longer, nor for an error. */
const patienceMs = 2_000;
const mostNames = 500;

/** Lists the receivers of the caller's cluster that the last of some words may name; none when that cannot be found out. */
export async function listReceiverCandidates(words: readonly string[]): Promise<readonly Candidate[]> {
  try {
    return await readCandidates(words);
  } catch {
    return [];
  }
}

async function readCandidates(words: readonly string[]): Promise<Candidate[]> {
  const typed = words.at(-1) ?? '';
  const [kubeconfig, context] = [flagOf(words, '--kubeconfig'), flagOf(words, '--context')];
  const client = await openClient({
    ...(kubeconfig !== undefined && { kubeconfig }),
    ...(context !== undefined && { context }),
  });
  const slash = typed.indexOf('/');
  const namespace = slash < 0 ? namespaceOf(words, client) : typed.slice(0, slash);
  const path = resourcePath(
    { group: apiGroup, version: apiVersion, plural: eventReceiverKind.plural },
    { namespace },
  );
  const { items } = await inTime(
    client.request<KubeList<CustomResource>>('GET', path, { query: { limit: mostNames } }),
  );
  return items
    .map((receiver) => ({
      word: `${slash < 0 ? '' : `${namespace}/`}${receiver.metadata.name}`,
      meaning: printable(healthOf(receiver).reason),
    }))
    .filter(({ word }) => word.startsWith(typed));
}

function namespaceOf(words: readonly string[], client: Pick<KubeClient, 'namespace'>): string {
  return flagOf(words, '--namespace') ?? flagOf(words, '-n') ?? client.namespace;
}

/** The value that a flag was given among the words. */
function flagOf(words: readonly string[], flag: string): string | undefined {
  const inline = words.find((word) => word.startsWith(`${flag}=`));
  if (inline !== undefined) return inline.slice(flag.length + 1);
  const index = words.indexOf(flag);
  return index >= 0 && index < words.length - 2 ? words[index + 1] : undefined;
}

/** The process ends after this, so what is late needs no end of its own. */
async function inTime<T>(answer: Promise<T>): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error('no answer in time')), patienceMs);
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}

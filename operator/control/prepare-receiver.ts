import { createHash } from 'node:crypto';

import { readReceiver, type EventReceiver } from '../api/event-receiver.ts';
import { type CustomResource } from '../api/resource.ts';
import { checkPolicy, resolvePolicy, type DeliveryPolicy } from '../delivery/policy.ts';
import { describeProblems, joinPath, type Problem } from '../schema/problem.ts';
import { type Reason } from '../schema/reasons.ts';
import { resolveConfig, secretRefs } from '../sink-kit/resolve.ts';
import { type Verdict } from '../status/condition.ts';
import { type ReceiverStatus } from '../status/receiver-status.ts';
import { type SecretData, type World } from './world.ts';

/** A receiver whose specification is valid and whose Secrets were read. */
export interface PreparedReceiver {
  readonly receiver: EventReceiver;
  /** The sink's configuration with templates compiled and Secrets put in. */
  readonly config: object;
  readonly policy: DeliveryPolicy;
  /** Texts that must never be shown. */
  readonly secrets: readonly string[];
  /** Differs when the sink has to be opened anew. */
  readonly fingerprint: string;
}

/** What keeps a receiver from being used, by condition. */
export interface Objection {
  readonly aspect: 'Accepted' | 'ResolvedRefs';
  readonly verdict: Verdict;
}

/** What decides whether a receiver may use a sink of the operator's own machine. */
export type LocalSinkPolicy = (namespace: string) => boolean;

/**
 * Takes an EventReceiver from its manifest to what its sink can be opened with: schema, tenancy, Secrets, templates.
 * Throws only when the API server could not be asked.
 */
export async function prepareReceiver(
  object: CustomResource<ReceiverStatus>,
  world: Pick<World, 'secret'>,
  allowsLocalSinks: LocalSinkPolicy,
): Promise<{ readonly prepared: PreparedReceiver } | { readonly objection: Objection }> {
  const read = await readReceiver(object);
  if ('problems' in read) return refuse('InvalidSpec', read.problems);
  const { receiver } = read;
  const { namespace } = object.metadata;
  const path = joinPath('spec.sink', receiver.sinkName);
  const policyProblems = checkPolicy(receiver.delivery);
  if (policyProblems.length > 0) return refuse('InvalidSpec', policyProblems);
  if (receiver.sink.local === true && !allowsLocalSinks(namespace)) {
    const message = `writes to the operator's own machine, which namespace ${namespace} may not do: use it in the root namespace, or start the operator with --allow-local-sinks ${namespace}`;
    return refuse('SinkNotAllowed', [{ path, message }]);
  }
  const { config: schema } = receiver.sink;
  const refs = secretRefs(schema, receiver.sinkConfig, path);
  const secrets = await readSecrets(namespace, [...new Set(refs.map(({ name }) => name))], world);
  const resolved = resolveConfig({
    schema,
    written: receiver.sinkConfig,
    path,
    secret: (name) => secrets.get(name),
  });
  if ('problems' in resolved) return refuse(resolved.problems[0]?.reason ?? 'InvalidSpec', resolved.problems);
  return {
    prepared: {
      receiver,
      config: resolved.config,
      policy: resolvePolicy(receiver.delivery, receiver.sink.defaults),
      secrets: resolved.secrets,
      fingerprint: fingerprintOf(receiver, secrets),
    },
  };
}

async function readSecrets(
  namespace: string,
  names: readonly string[],
  world: Pick<World, 'secret'>,
): Promise<Map<string, SecretData | undefined>> {
  const entries = names.map(async (name) => [name, await world.secret({ namespace, name })] as const);
  return new Map(await Promise.all(entries));
}

const refReasons: ReadonlySet<Reason> = new Set<Reason>(['SecretNotFound', 'SecretKeyNotFound']);

function refuse(reason: Reason, problems: readonly Problem[]): { readonly objection: Objection } {
  const aspect = refReasons.has(reason) ? 'ResolvedRefs' : 'Accepted';
  return { objection: { aspect, verdict: { status: 'False', reason, message: describeProblems(problems) } } };
}

function fingerprintOf(
  receiver: EventReceiver,
  secrets: ReadonlyMap<string, SecretData | undefined>,
): string {
  const parts = [receiver.sinkName, receiver.sinkConfig, receiver.suspend, [...secrets]];
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64');
}

import { createHash } from 'node:crypto';

import { readReceiver, type EventReceiver } from '../api/event-receiver.ts';
import { keyText, type CustomResource } from '../api/resource.ts';
import { checkPolicy } from '../delivery/policy-check.ts';
import { type WrittenPolicy } from '../delivery/policy-fields.ts';
import { resolvePolicy, type DeliveryPolicy } from '../delivery/policy.ts';
import { describeProblems, joinPath, type Problem } from '../schema/problem.ts';
import { type Reason } from '../schema/reasons.ts';
import { resolveConfig, secretRefs, type DeliveryDefaults, type SinkDefinition } from '../sink-kit/index.ts';
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
  /** Something was read from Secrets, which may change without the manifest. */
  readonly readsSecrets: boolean;
  /** Differs when the sink has to be opened anew. */
  readonly fingerprint: string;
}

/** What keeps a receiver from being used, by condition. */
export interface Objection {
  readonly aspect: 'Accepted' | 'ResolvedRefs';
  readonly verdict: Verdict;
}

/** What became of a manifest; `receiver` is there when its specification keeps to the schema. */
export type Preparation =
  | { readonly prepared: PreparedReceiver }
  | { readonly objection: Objection; readonly receiver?: EventReceiver };

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
): Promise<Preparation> {
  const read = await readReceiver(object);
  if ('problems' in read) return { objection: refuse('InvalidSpec', read.problems) };
  const { receiver } = read;
  const { namespace } = object.metadata;
  const path = joinPath('spec.sink', receiver.sinkName);
  const objection = forbid(receiver, { namespace, path }, allowsLocalSinks);
  if (objection !== undefined) return { objection, receiver };
  const { config: schema } = receiver.sink;
  const refs = secretRefs(schema, receiver.sinkConfig, path);
  const secrets = await readSecrets(namespace, [...new Set(refs.map(({ name }) => name))], world);
  const resolved = resolveConfig({
    schema,
    written: receiver.sinkConfig,
    path,
    secret: (name) => secrets.get(name),
  });
  if ('problems' in resolved) {
    return { objection: refuse(resolved.problems[0]?.reason ?? 'InvalidSpec', resolved.problems), receiver };
  }
  return {
    prepared: {
      receiver,
      config: resolved.config,
      policy: policyOf(receiver, resolved.config, namespace),
      secrets: resolved.secrets,
      readsSecrets: refs.length > 0,
      fingerprint: fingerprintOf(receiver, secrets),
    },
  };
}

/** What the schema cannot refuse: limits of the delivery, and sinks that this namespace may not use. */
function forbid(
  { delivery, sink }: EventReceiver,
  { namespace, path }: { readonly namespace: string; readonly path: string },
  allowsLocalSinks: LocalSinkPolicy,
): Objection | undefined {
  const problems = checkPolicy(delivery);
  if (problems.length > 0) return refuse('InvalidSpec', problems);
  if (sink.local !== true || allowsLocalSinks(namespace)) return undefined;
  const message = `writes to the operator's own machine, which namespace ${namespace} may not do: use it in the root namespace, or start the operator with --allow-local-sinks ${namespace}`;
  return refuse('SinkNotAllowed', [{ path, message }]);
}

function policyOf({ delivery, sink }: EventReceiver, config: object, namespace: string): DeliveryPolicy {
  const { deadLetterRef } = (delivery ?? {}) as WrittenPolicy;
  return {
    ...resolvePolicy(delivery, defaultsOf(sink, config)),
    deadLetter: deadLetterRef && keyText({ namespace, name: deadLetterRef.name }),
  };
}

function defaultsOf(sink: SinkDefinition, config: object): DeliveryDefaults {
  const own = sink.defaultsFor?.(config as never);
  return { ...sink.defaults, ...own, batch: { ...sink.defaults?.batch, ...own?.batch } };
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

function refuse(reason: Reason, problems: readonly Problem[]): Objection {
  const aspect = refReasons.has(reason) ? 'ResolvedRefs' : 'Accepted';
  return { aspect, verdict: { status: 'False', reason, message: describeProblems(problems) } };
}

function fingerprintOf(
  receiver: EventReceiver,
  secrets: ReadonlyMap<string, SecretData | undefined>,
): string {
  const parts = [receiver.sinkName, receiver.sinkConfig, receiver.suspend, [...secrets]];
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64');
}

import { readReceiver, type EventReceiver } from '../api/event-receiver.ts';
import { type CustomResource } from '../api/resource.ts';
import { type SecretData } from '../control/world.ts';
import { checkPolicy } from '../delivery/policy-check.ts';
import { joinPath, type Problem } from '../schema/problem.ts';
import {
  openSink,
  resolveConfig,
  secretRefs,
  type SecretRef,
  type Sink,
  type SinkContext,
  toDeliveryError,
} from '../sink-kit/index.ts';
import { type HttpClient } from '../sink-kit/http-client.ts';
import { withHttpClients } from '../sink-kit/http.ts';
import { isLintRule, type Remark } from './finding.ts';
import { type KnownSecrets, withPlaceholders } from './placeholder.ts';
import { type Surroundings } from './surroundings.ts';

/** A receiver that its sink can be opened with, perhaps with stand-ins for Secrets that are not at hand. */
export interface RehearsedReceiver {
  readonly receiver: EventReceiver;
  readonly namespace: string;
  readonly resolved: { readonly config: object; readonly secrets: readonly string[] };
  /** Secrets are missing, and other texts stand in their place. */
  readonly hasPlaceholders: boolean;
}

/** What became of an EventReceiver: what is to be said about it, and itself as far as it is valid. */
export interface ReceiverJudgement {
  readonly remarks: readonly Remark[];
  /** There when its specification keeps to the schema. */
  readonly receiver?: EventReceiver;
  /** There when its sink can be opened. */
  readonly rehearsed?: RehearsedReceiver;
}

/** What receivers are judged by. */
export interface ReceiverRules {
  readonly surroundings: Surroundings;
  readonly rootNamespace: string;
  readonly allowsLocalSinks: (namespace: string) => boolean;
}

/**
 * Judges an EventReceiver as the operator does, up to opening its sink: nothing is connected to, nothing is written.
 * What only the missing Secrets hide is told as a note.
 */
export async function judgeReceiver(
  object: CustomResource,
  rules: ReceiverRules,
): Promise<ReceiverJudgement> {
  const read = await readReceiver(object as CustomResource<never>);
  if ('problems' in read) return { remarks: read.problems.map(toError) };
  const { receiver } = read;
  const { namespace } = object.metadata;
  const path = joinPath('spec.sink', receiver.sinkName);
  const secrets = await readSecrets(receiver, { namespace, path }, rules.surroundings);
  const remarks = [
    ...checkPolicy(receiver.delivery).map(toError),
    ...checkPlace(receiver, { namespace, path }, rules),
    ...secrets.remarks,
  ];
  const { config: schema } = receiver.sink;
  const resolved = resolveConfig({
    schema,
    written: withPlaceholders(schema, receiver.sinkConfig, secrets.known),
    path,
    secret: (name) => secrets.known.get(name),
  });
  if ('problems' in resolved) {
    return { remarks: [...remarks, ...resolved.problems.map(toError)], receiver };
  }
  const hasPlaceholders = secrets.remarks.length > 0;
  const rehearsed: RehearsedReceiver = { receiver, namespace, resolved, hasPlaceholders };
  const refusals = await tryToOpen(rehearsed, { path, rootNamespace: rules.rootNamespace });
  remarks.push(...refusals);
  const isOpen = refusals.every(({ rule }) => rule === 'LikelyMistake');
  return { remarks, receiver, ...(isOpen && { rehearsed }) };
}

/** What a sink is opened with when nothing is to be sent. */
export interface RehearsalContext {
  readonly rootNamespace: string;
  readonly warn: (message: string) => void;
  readonly createHttpClient: () => HttpClient;
}

/** How long a sink may take to open: loading its packages is all that it does. */
const openTimeoutMs = 30_000;

/** Opens the sink of a receiver; its requests go to the given client, and no address may be reached. */
export function openRehearsed(
  { receiver, namespace, resolved }: RehearsedReceiver,
  { rootNamespace, warn, createHttpClient }: RehearsalContext,
): Promise<Sink> {
  const context: SinkContext = {
    signal: AbortSignal.timeout(openTimeoutMs),
    warn,
    // as in the operator: that there is a guard at all tells a sink that it may not use the operator's own identity
    ...(namespace !== rootNamespace && { isAddressAllowed: () => false }),
  };
  return withHttpClients(createHttpClient, () =>
    openSink(receiver.sink, { ...resolved, config: resolved.config as never }, context),
  );
}

const refuse = (): Promise<never> =>
  Promise.reject(new Error('nothing is sent while a receiver is only looked at'));

const silentClient: HttpClient = { request: refuse, probe: refuse, close: () => Promise.resolve() };

async function tryToOpen(
  rehearsed: RehearsedReceiver,
  { path, rootNamespace }: { readonly path: string; readonly rootNamespace: string },
): Promise<Remark[]> {
  const remarks: Remark[] = [];
  const warn = (message: string): void => {
    remarks.push({ rule: 'LikelyMistake', severity: 'warning', path, message });
  };
  try {
    const sink = await openRehearsed(rehearsed, {
      rootNamespace,
      warn,
      createHttpClient: () => silentClient,
    });
    await sink.close();
  } catch (thrown) {
    remarks.push(refusalOf(thrown, rehearsed, path));
  }
  return remarks;
}

function refusalOf(thrown: unknown, { hasPlaceholders }: RehearsedReceiver, path: string): Remark {
  const { reason, message } = toDeliveryError(thrown);
  if (hasPlaceholders && reason !== 'InvalidTemplate') {
    const told = `may be refused: ${message}; this was found without its Secrets, which may change it`;
    return { rule: 'InvalidConfig', severity: 'warning', path, message: told };
  }
  const rule = reason === 'InvalidTemplate' || reason === 'SinkNotAllowed' ? reason : 'InvalidConfig';
  return { rule, severity: 'error', path, message };
}

function checkPlace(
  { sink }: EventReceiver,
  { namespace, path }: { readonly namespace: string; readonly path: string },
  { allowsLocalSinks, rootNamespace }: ReceiverRules,
): Remark[] {
  if (sink.local !== true || allowsLocalSinks(namespace)) return [];
  const message =
    `writes to the operator's own machine, which namespace ${namespace} may not do: use it in the root namespace ` +
    `(here ${rootNamespace}; --root-namespace says another), or start the operator, and this command, with --allow-local-sinks ${namespace}`;
  return [{ rule: 'SinkNotAllowed', severity: 'error', path, message }];
}

interface ReadSecrets {
  readonly known: KnownSecrets;
  readonly remarks: readonly Remark[];
}

async function readSecrets(
  { sink, sinkConfig }: EventReceiver,
  { namespace, path }: { readonly namespace: string; readonly path: string },
  surroundings: Surroundings,
): Promise<ReadSecrets> {
  const { remedy } = surroundings;
  const refs = secretRefs(sink.config, sinkConfig, path);
  const known = new Map<string, SecretData>();
  const remarks: Remark[] = [];
  for (const ref of refs) {
    const data = await surroundings.secret({ namespace, name: ref.name });
    if (typeof data === 'object') known.set(ref.name, data);
    const remark = objectionTo(ref, data, { namespace, remedy });
    if (remark !== undefined) remarks.push(remark);
  }
  return { known, remarks };
}

function objectionTo(
  { path, name, key }: SecretRef,
  data: SecretData | 'unknown' | undefined,
  { namespace, remedy }: { readonly namespace: string; readonly remedy: string },
): Remark | undefined {
  if (data === 'unknown') {
    const message = `names the Secret ${name}, which these files do not hold, so it was not checked: ${remedy}`;
    return { rule: 'NotChecked', severity: 'note', path, message };
  }
  if (data === undefined) {
    const message = `names the Secret ${name}, which does not exist in namespace ${namespace}`;
    return { rule: 'SecretNotFound', severity: 'error', path, message };
  }
  if (key === undefined || (data[key] ?? '').trim() !== '') return undefined;
  const state = Object.hasOwn(data, key)
    ? 'which is empty'
    : `which holds ${Object.keys(data).join(', ') || 'no key at all'}`;
  const message = `names the key ${key} of Secret ${name}, ${state}`;
  return { rule: 'SecretKeyNotFound', severity: 'error', path, message };
}

function toError({ path, message, reason = 'InvalidSpec' }: Problem): Remark {
  return { rule: isLintRule(reason) ? reason : 'InvalidSpec', severity: 'error', path, message };
}

import { eventReceiverKind } from '../api/event-receiver.ts';
import { readRequest, requestAnnotation, writeRequest, type RequestName } from '../api/receiver-request.ts';
import { apiGroup, apiVersion, keyText, type CustomResource, type ObjectKey } from '../api/resource.ts';
import { type KubeClient } from '../kube/client.ts';
import { isKubeFailure } from '../kube/kube-error.ts';
import { resourcePath } from '../kube/kube-object.ts';
import { sleep, type Clock } from '../schema/clock.ts';
import { formatDuration } from '../schema/duration.ts';
import { nearMiss } from '../schema/validate.ts';
import { type ReceiverStatus } from '../status/receiver-status.ts';
import { type RequestStatus } from '../status/request-status.ts';
import { UsageError } from './exit.ts';
import { readReceivers } from './inventory.ts';

/** A receiver as the API server has it. */
export type ReadReceiver = CustomResource<ReceiverStatus>;

/** A request that the operator has to answer. */
export interface Asked {
  readonly name: RequestName;
  /** The value of the annotation: the answer repeats it. */
  readonly value: string;
  readonly requestedAt: Date;
}

/** How long an answer is waited for. */
export interface AnswerOptions {
  /** Until the operator has begun; and until the end, unless `forEnd` says how long that may take. */
  readonly timeoutMs: number;
  /** Undefined waits for the beginning alone. */
  readonly forEnd?: { readonly timeoutMs: number } | undefined;
  /** Hears what a request that is under way says of itself, when that changes. */
  readonly onProgress?: (answer: RequestStatus) => void;
}

/** Asks the operator for something by an annotation of a receiver, with the caller's rights. */
export interface ReceiverRequester {
  readonly key: ObjectKey;
  /** Reads the receiver; throws an Error with the remedy when that cannot be done. */
  read(): Promise<ReadReceiver>;
  /** Writes the annotation; `words` are what follows the time that the request is given. */
  ask(name: RequestName, words?: (requestedAt: Date) => readonly string[]): Promise<Asked>;
  /** Waits for the answer; throws an Error with the remedy when none comes in time. */
  answer(asked: Asked, options: AnswerOptions): Promise<RequestStatus>;
}

const receivers = { group: apiGroup, version: apiVersion, plural: eventReceiverKind.plural };
const pollMs = 250;

/** Creates the requester of a receiver. */
export function createReceiverRequester(
  client: Pick<KubeClient, 'request'>,
  key: ObjectKey,
  clock: Clock,
): ReceiverRequester {
  const path = resourcePath(receivers, key);
  const read = async (): Promise<ReadReceiver> => {
    try {
      return await client.request<ReadReceiver>('GET', path);
    } catch (thrown) {
      throw await withRemedy(thrown, { client, key, verb: 'get', role: 'view' });
    }
  };
  const find = async ({ name, value }: Asked): Promise<RequestStatus | undefined> =>
    (await read()).status?.requests?.find((one) => one.name === name && one.requestedAt === value);

  return {
    key,
    read,
    async ask(name, words = () => []) {
      const { metadata } = await read();
      const requestedAt = notBefore(clock.date(), metadata.creationTimestamp);
      const value = writeRequest(requestedAt, ...words(requestedAt));
      const refusal = readRequest(name, value);
      if (typeof refusal === 'string') throw new UsageError(refusal);
      try {
        const body = { metadata: { annotations: { [requestAnnotation(name)]: value } } };
        await client.request('PATCH', path, { body, query: { fieldManager: 'kubectl-eventroute' } });
      } catch (thrown) {
        throw await withRemedy(thrown, { client, key, verb: 'patch', role: 'edit' });
      }
      return { name, value, requestedAt };
    },
    async answer(asked, options) {
      const begunAt = clock.now();
      let told: string | undefined;
      for (;;) {
        const answer = await find(asked);
        if (answer !== undefined && isEnough(answer, options)) return answer;
        const longestMs = patienceMs(answer, options);
        if (clock.now() - begunAt >= longestMs) throw tooLate(key, answer, longestMs);
        if (answer?.message !== told && answer !== undefined) options.onProgress?.(answer);
        told = answer?.message;
        await sleep(clock, pollMs);
      }
    },
  };
}

function patienceMs(answer: RequestStatus | undefined, { timeoutMs, forEnd }: AnswerOptions): number {
  return answer === undefined || forEnd === undefined ? timeoutMs : forEnd.timeoutMs;
}

function isEnough({ state }: RequestStatus, { forEnd }: AnswerOptions): boolean {
  return forEnd === undefined || state !== 'Running';
}

/** A clock that is slow must not make the request older than the receiver: it would be ignored. */
function notBefore(now: Date, creationTimestamp = ''): Date {
  const createdMs = Date.parse(creationTimestamp);
  return createdMs > now.getTime() ? new Date(createdMs) : now;
}

function tooLate(key: ObjectKey, answer: RequestStatus | undefined, longestMs: number): Error {
  const time = formatDuration(longestMs);
  if (answer === undefined) {
    return new Error(
      `the operator did not answer within ${time}: is it running? See kubectl get pods -A -l app.kubernetes.io/name=eventroute; the request stays at EventReceiver ${keyText(key)} and is handled once it runs`,
    );
  }
  return new Error(
    `not done within ${time}, and goes on: ${answer.message ?? 'under way'}; see status.requests of EventReceiver ${keyText(key)}`,
  );
}

interface Refused {
  readonly client: Pick<KubeClient, 'request'>;
  readonly key: ObjectKey;
  readonly verb: 'get' | 'patch';
  readonly role: 'view' | 'edit';
}

async function withRemedy(thrown: unknown, { client, key, verb, role }: Refused): Promise<unknown> {
  const { namespace, name } = key;
  if (isKubeFailure(thrown, 'forbidden')) {
    return new Error(
      `you may not ${verb} EventReceivers in namespace ${namespace}: ask for a RoleBinding to the ClusterRole ${role} there`,
      { cause: thrown },
    );
  }
  if (!isKubeFailure(thrown, 'notFound')) return thrown;
  const known = await namesIn(client, namespace);
  const near = nearMiss(name, known);
  const hint = near === undefined ? `see kubectl eventroute status -n ${namespace}` : `did you mean ${near}?`;
  return new Error(`there is no EventReceiver ${name} in namespace ${namespace}: ${hint}`, { cause: thrown });
}

/** Rejects when the cluster does not know our kinds; who may not list has no names to be helped with. */
async function namesIn(client: Pick<KubeClient, 'request'>, namespace: string): Promise<string[]> {
  try {
    const { receivers: found } = await readReceivers(client, { isWhole: false, namespaces: [namespace] });
    return found.map(({ metadata }) => metadata.name);
  } catch (thrown) {
    if (thrown instanceof Error && isKubeFailure(thrown.cause, 'notFound')) throw thrown;
    return [];
  }
}

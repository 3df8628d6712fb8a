import {
  ClientClosedError,
  ConnectionTimeoutError,
  DisconnectsClientError,
  ErrorReply,
  RootNodesUnavailableError,
  SocketClosedUnexpectedlyError,
} from '@redis/client';

import { DeliveryError, excerpt, toDeliveryError } from '../sink-kit/index.ts';

type Reason = DeliveryError['reason'];

/** What a command was about, for people. */
export interface RedisPlace {
  readonly endpoint: string;
  readonly key?: string;
}

interface Outcome {
  readonly reason: Reason;
  readonly permanent?: true;
  /** The connection is good for nothing more: another node has to be found, or we have to authenticate anew. */
  readonly isFinal?: true;
  readonly says: string;
}

const unauthorized = (says: string): Outcome => ({ reason: 'Unauthorized', isFinal: true, says });
const passing = (says: string): Outcome => ({ reason: 'ServerError', isFinal: true, says });
const noPassword = unauthorized('wants a password: set `password`, and `username` for an ACL user');
const redirected = passing('is a node of a cluster: set `cluster` instead of an address');

/** The first words of errors (https://redis.io/docs/latest/develop/reference/protocol-spec/#simple-errors). */
const outcomes: Readonly<Record<string, Outcome>> = {
  NOAUTH: noPassword,
  WRONGPASS: unauthorized('refused the credentials: check username and password'),
  NOPERM: { reason: 'Forbidden', says: 'does not allow this to our user' },
  WRONGTYPE: { reason: 'Rejected', permanent: true, says: 'holds something else than `mode` writes' },
  CROSSSLOT: { reason: 'Rejected', permanent: true, says: 'is no key for a cluster: leave braces out of it' },
  OOM: { reason: 'ServerError', says: 'is out of memory (maxmemory)' },
  READONLY: passing('is a replica now, which takes no writes'),
  LOADING: passing('is still loading its data'),
  MASTERDOWN: passing('has lost its master'),
  CLUSTERDOWN: passing('belongs to a cluster that is down'),
  TRYAGAIN: { reason: 'ServerError', says: 'is moving the key to another node' },
  NOREPLICAS: { reason: 'ServerError', says: 'has too few replicas (min-replicas-to-write)' },
  MISCONF: { reason: 'ServerError', says: 'cannot write to its disk, and so takes no writes' },
  BUSY: { reason: 'ServerError', says: 'is busy with a script' },
  MOVED: redirected,
  ASK: redirected,
};

/** Errors that begin with ERR, by their texts. */
const byText: readonly (readonly [RegExp, Outcome])[] = [
  // what a long command gets that comes before AUTH
  [/Protocol error: unauthenticated/i, noPassword],
  [
    /invalid (username-)?password|no password is set|without any password configured/i,
    unauthorized('refused the credentials: check username and password'),
  ],
  [
    /DB index is out of range|SELECT is not allowed in cluster mode/i,
    { reason: 'TargetNotFound', isFinal: true, says: 'has no such database: check db' },
  ],
  [/max number of clients reached/i, passing('has as many clients as it takes (maxclients)')],
  [
    /can't run this command|no permissions to/i,
    { reason: 'Forbidden', says: 'does not allow this to our user' },
  ],
  [
    /unknown command/i,
    { reason: 'ServerError', says: 'does not know this command: check its version, and `mode`' },
  ],
];

const subjectIsKey: ReadonlySet<string> = new Set(['WRONGTYPE', 'CROSSSLOT']);

/** Turns whatever a command or connection failed with into a DeliveryError that says what to do. */
export function toRedisError(thrown: unknown, place: RedisPlace): DeliveryError {
  if (thrown instanceof DeliveryError) return thrown;
  if (thrown instanceof ErrorReply) return replyFailure(thrown, place);
  return connectionFailure(thrown, place.endpoint);
}

/** Tells whether a connection that gave this error should not be used again. */
export function isFinal(thrown: unknown): boolean {
  return !(thrown instanceof ErrorReply) || outcomeOf(thrown.message)[1]?.isFinal === true;
}

function replyFailure(error: ErrorReply, { endpoint, key }: RedisPlace): DeliveryError {
  const [code, outcome] = outcomeOf(error.message);
  const said = excerpt(error.message);
  if (outcome === undefined) {
    return DeliveryError.retry(`${endpoint} answered: ${said}`, 'ServerError', { cause: error });
  }
  const subject = subjectIsKey.has(code) && key !== undefined ? `key ${excerpt(key)}` : endpoint;
  const { reason, permanent = false, says } = outcome;
  return new DeliveryError(`${subject} ${says} (${said})`, { reason, permanent, cause: error });
}

/** Redis before version 7 puts the error of a command in a script behind words of its own. */
function outcomeOf(message: string): readonly [string, Outcome | undefined] {
  const inScript = /@user_script: ?\d+: -?([A-Z]+) /.exec(message)?.[1];
  const code = inScript ?? /^-?([A-Z]+)\b/.exec(message)?.[1] ?? '';
  if (Object.hasOwn(outcomes, code)) return [code, outcomes[code]];
  return [code, byText.find(([text]) => text.test(message))?.[1]];
}

/** The client says what happened to a connection by the class of the error. */
const byClass: readonly (readonly [new (...parameters: never[]) => Error, Reason, string])[] = [
  [
    SocketClosedUnexpectedlyError,
    'Unreachable',
    'closed the connection: check the port, and whether it wants `tls`',
  ],
  [
    ConnectionTimeoutError,
    'Timeout',
    'did not take the connection in time: check host, port and network policies',
  ],
  [ClientClosedError, 'Unreachable', 'closed the connection'],
  [DisconnectsClientError, 'Unreachable', 'was given up before it answered'],
  [RootNodesUnavailableError, 'Unreachable', 'has no node that could be reached'],
];

function connectionFailure(thrown: unknown, endpoint: string): DeliveryError {
  const known = byClass.find(([type]) => thrown instanceof type);
  if (known === undefined) return toDeliveryError(thrown, endpoint);
  const [, reason, says] = known;
  return DeliveryError.retry(`${endpoint} ${says}`, reason, { cause: thrown });
}

import { type Reason } from '../schema/reasons.ts';
import { excerpt } from './clean-text.ts';
import { DeliveryError } from './delivery-error.ts';
import { errorChain, errorCode, isError } from './error-chain.ts';
import { tlsFailure } from './tls-error.ts';

interface Failure {
  readonly reason: Reason;
  /** What follows the endpoint. */
  readonly says: string;
}

const unreachable = (says: string): Failure => ({ reason: 'Unreachable', says });
const timeout = (says: string): Failure => ({ reason: 'Timeout', says });

const unknownHost = unreachable(
  "is not a known host: check the name, and the cluster's DNS if the name is right",
);
const noNameServer = unreachable('could not be looked up: no name server answered');
const closedEarly = unreachable('closed the connection before it answered');
const noRoute = unreachable('cannot be reached from here: check its address, routes and network policies');
const notPermitted = unreachable('may not be connected to from here: check network policies and firewalls');
const noConnection = timeout('did not take the connection in time: check host, port and network policies');
const noAnswer = timeout('did not answer in time');
const notHttp = unreachable('does not answer in HTTP: check the port, and https against http');

/** Codes of Node (errno, c-ares) and undici (docs/docs/api/Errors.md), and what they mean to whoever has to mend it. */
const failures: Readonly<Record<string, Failure>> = {
  ENOTFOUND: unknownHost,
  ENODATA: unknownHost,
  EAI_NONAME: unknownHost,
  EAI_NODATA: unknownHost,
  EAI_AGAIN: noNameServer,
  EAI_FAIL: noNameServer,
  ECONNREFUSED: unreachable('refused the connection: check the port, and that the system is running'),
  ECONNRESET: closedEarly,
  ECONNABORTED: closedEarly,
  EPIPE: closedEarly,
  UND_ERR_SOCKET: closedEarly,
  UND_ERR_CLOSED: closedEarly,
  UND_ERR_DESTROYED: closedEarly,
  EHOSTUNREACH: noRoute,
  ENETUNREACH: noRoute,
  ENETDOWN: noRoute,
  EHOSTDOWN: noRoute,
  EADDRNOTAVAIL: noRoute,
  EACCES: notPermitted,
  EPERM: notPermitted,
  ENOENT: unreachable('does not exist: check the path of the socket'),
  ETIMEDOUT: noConnection,
  UND_ERR_CONNECT_TIMEOUT: noConnection,
  UND_ERR_HEADERS_TIMEOUT: noAnswer,
  UND_ERR_BODY_TIMEOUT: timeout('began an answer and did not finish it in time'),
  UND_ERR_HEADERS_OVERFLOW: notHttp,
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: unreachable('sent less of its answer than it announced'),
  UND_ERR_RES_EXCEEDED_MAX_SIZE: unreachable('sent an answer that is too long'),
  UND_ERR_PRX_TLS: {
    reason: 'TLSFailed',
    says: "cannot be reached: the proxy's certificate was not accepted",
  },
  UND_ERR_PRX_CONN: unreachable('cannot be reached: the proxy closed the connection'),
};

/**
 * Turns whatever a socket, TLS or HTTP client threw into a DeliveryError that says what to do. A DeliveryError inside
 * is given back as it is.
 * @param endpoint where the connection went, as people may see it: `host:port`.
 */
export function toDeliveryError(thrown: unknown, endpoint = 'the system'): DeliveryError {
  const chain = errorChain(thrown);
  const told = chain.find((error) => error instanceof DeliveryError);
  if (told !== undefined) return told;
  for (const error of chain) {
    const failure = failureOf(error);
    if (failure !== undefined) {
      return DeliveryError.retry(`${endpoint} ${failure.says}`, failure.reason, { cause: thrown });
    }
  }
  return DeliveryError.retry(`${endpoint} could not be used: ${messageOf(thrown)}`, 'Unreachable', {
    cause: thrown,
  });
}

function failureOf(error: unknown): Failure | undefined {
  const code = errorCode(error);
  if (code !== undefined && Object.hasOwn(failures, code)) return failures[code];
  return aborted(error) ?? proxyRefusal(error) ?? parserFailure(error) ?? tlsFailure(error);
}

function aborted(error: unknown): Failure | undefined {
  if (!isError(error)) return undefined;
  if (error.name === 'TimeoutError') return noAnswer;
  if (error.name !== 'AbortError' || error.message.startsWith('Proxy')) return undefined;
  return { reason: 'ShuttingDown', says: 'was given up before it answered' };
}

/** Undici names a proxy's refusal in the message only. */
function proxyRefusal(error: unknown): Failure | undefined {
  if (!isError(error)) return undefined;
  const status = /^Proxy response \((\d{3})\)|^Proxy Authentication Required \((407)\)/.exec(error.message);
  if (status === null) return undefined;
  const code = status[1] ?? status[2] ?? '';
  if (code === '407')
    return { reason: 'Unauthorized', says: 'cannot be reached: the proxy wants credentials' };
  return unreachable(`cannot be reached: the proxy answered ${code}`);
}

function parserFailure(error: unknown): Failure | undefined {
  return isError(error) && error.name === 'HTTPParserError' ? notHttp : undefined;
}

function messageOf(thrown: unknown): string {
  return excerpt(isError(thrown) ? thrown.message : String(thrown));
}

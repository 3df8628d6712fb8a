import { type Agent, type OutgoingHttpHeaders } from 'node:http';

/** What one request needs to be let in: made anew for each, so that rotated tokens and certificates are used. */
export interface Authorization {
  readonly headers: OutgoingHttpHeaders;
  readonly ca?: string | Buffer;
  readonly cert?: string | Buffer;
  readonly key?: string | Buffer;
  readonly servername?: string;
  readonly rejectUnauthorized?: boolean;
  /** Only where the kubeconfig names a proxy. */
  readonly agent?: Agent;
}

/** Which API server, and how to be let in. */
export interface Credentials {
  /** The API server, with a path if it is behind one, without a slash at the end. */
  readonly server: string;
  /** The namespace of the kubeconfig's context, or the Pod's own. */
  readonly namespace: string;
  authorize(): Promise<Authorization>;
  /** Reads everything again after a 401, at most every ten seconds; false when that was done too recently. */
  refresh(): boolean;
}

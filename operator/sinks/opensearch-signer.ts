import { createHash, createHmac, type Hash, type Hmac } from 'node:crypto';
import { SignatureV4 } from '@smithy/signature-v4';

import { type AwsCredentials, type AwsIdentity } from './aws-credentials.ts';

/** A request that is to be signed, as it goes out. */
export interface SignableRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
}

/** Signs requests with AWS credentials. */
export interface RequestSigner {
  /** Gives the headers of a request with its signature; throws DeliveryError when there are no credentials. */
  sign(request: SignableRequest): Promise<Record<string, string>>;
  close(): Promise<void>;
}

/** Where signatures are valid. */
export interface SignatureScope {
  readonly region: string;
  /** `es` for domains, `aoss` for serverless collections. */
  readonly service: 'es' | 'aoss';
  readonly now?: () => number;
}

/** Credentials are renewed this long before they expire, in milliseconds. */
const renewalMs = 300_000;

/** Creates a signer by AWS Signature Version 4. */
export function createRequestSigner(
  credentials: AwsCredentials,
  { region, service, now = Date.now }: SignatureScope,
): RequestSigner {
  const signature = new SignatureV4({
    region,
    service,
    sha256: Sha256,
    credentials: remembering(credentials.provide, now),
  });
  return {
    sign: async ({ method, url, headers, body }) => {
      const { protocol, hostname, pathname, searchParams } = url;
      const request = {
        method,
        protocol,
        hostname,
        path: pathname,
        query: Object.fromEntries(searchParams),
        headers: { ...headers, host: url.host },
        body,
      };
      const signed = await signature.sign(request, { signingDate: new Date(now()) });
      return signed.headers;
    },
    close: () => credentials.close(),
  };
}

/** Keeps credentials until shortly before they expire; a failure is not kept. */
function remembering(provide: () => Promise<AwsIdentity>, now: () => number): () => Promise<AwsIdentity> {
  let known: Promise<AwsIdentity> | undefined;
  let renewAtMs = 0;
  return async () => {
    if (known === undefined || now() >= renewAtMs) {
      known = provide();
      renewAtMs = Number.POSITIVE_INFINITY;
      known.then(
        ({ expiration }) => (renewAtMs = (expiration?.getTime() ?? Number.POSITIVE_INFINITY) - renewalMs),
        () => (known = undefined),
      );
    }
    return known;
  };
}

/** SHA-256, or with a secret its HMAC, as the signer wants it. */
class Sha256 {
  readonly #secret: Secret | undefined;
  #hash: Hash | Hmac;

  constructor(secret?: Secret) {
    this.#secret = secret;
    this.#hash = begin(secret);
  }

  update(data: string | ArrayBuffer | ArrayBufferView): void {
    this.#hash.update(bytesOf(data));
  }

  digest(): Promise<Uint8Array> {
    return Promise.resolve(this.#hash.digest());
  }

  reset(): void {
    this.#hash = begin(this.#secret);
  }
}

type Secret = string | ArrayBuffer | ArrayBufferView;

function begin(secret: Secret | undefined): Hash | Hmac {
  return secret === undefined ? createHash('sha256') : createHmac('sha256', bytesOf(secret));
}

function bytesOf(data: Secret): Uint8Array {
  if (typeof data === 'string') return Buffer.from(data);
  return ArrayBuffer.isView(data)
    ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    : new Uint8Array(data);
}

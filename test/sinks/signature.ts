import { createHash, createHmac } from 'node:crypto';

import { type SeenRequest } from '../sink-kit/http-server.ts';

const sha256 = (data: string | Buffer): string => createHash('sha256').update(data).digest('hex');
const hmac = (key: string | Buffer, data: string): Buffer => createHmac('sha256', key).update(data).digest();

/** What the Authorization header of a signed request says. */
export interface SignatureParts {
  readonly accessKeyId: string;
  readonly region: string;
  readonly service: string;
}

/**
 * Judges a request as AWS does, by Signature Version 4 as its documentation tells
 * (https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html); undefined when the signature is wrong.
 */
export function verifySignature(request: SeenRequest, secretAccessKey: string): SignatureParts | undefined {
  const { credential, signedHeaders, signature } = partsOf(request.headers.authorization ?? '');
  const [accessKeyId = '', ...scope] = credential.split('/');
  const payloadHash = sha256(request.rawBody);
  if (request.headers['x-amz-content-sha256'] !== payloadHash) return undefined;
  const canonical = canonicalRequest(request, signedHeaders, payloadHash);
  const date = String(request.headers['x-amz-date']);
  const toSign = ['AWS4-HMAC-SHA256', date, scope.join('/'), sha256(canonical)].join('\n');
  const key = scope.reduce<string | Buffer>(hmac, `AWS4${secretAccessKey}`);
  if (hmac(key, toSign).toString('hex') !== signature) return undefined;
  const [, region = '', service = ''] = scope;
  return { accessKeyId, region, service };
}

function partsOf(authorization: string): Record<'credential' | 'signedHeaders' | 'signature', string> {
  const pattern = /^AWS4-HMAC-SHA256 Credential=(.+?), SignedHeaders=(.+?), Signature=([0-9a-f]{64})$/;
  const [, credential = '', signedHeaders = '', signature = ''] = pattern.exec(authorization) ?? [];
  return { credential, signedHeaders, signature };
}

function canonicalRequest(request: SeenRequest, signedHeaders: string, payloadHash: string): string {
  const [path = '', query = ''] = request.url.split('?');
  return [
    request.method,
    path.split('/').map(encodeURIComponent).join('/'),
    canonicalQuery(query),
    ...signedHeaders
      .split(';')
      .map((name) => `${name}:${String(request.headers[name]).trim().replace(/ +/g, ' ')}`),
    '',
    signedHeaders,
    payloadHash,
  ].join('\n');
}

function canonicalQuery(query: string): string {
  if (query === '') return '';
  const strictly = (text: string): string =>
    encodeURIComponent(text).replace(
      /[!'()*]/g,
      (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
    );
  return [...new URLSearchParams(query)]
    .map(([name, value]) => `${strictly(name)}=${strictly(value)}`)
    .sort()
    .join('&');
}

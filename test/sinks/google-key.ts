import { createVerify, generateKeyPairSync } from 'node:crypto';

const { privateKey, publicKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
});

/** The key of a service account, as Google's console gives it out. */
export function serviceAccountKey(fields: Record<string, unknown> = {}): string {
  return JSON.stringify(
    {
      type: 'service_account',
      project_id: 'key-project',
      private_key_id: 'key-1',
      private_key: privateKey,
      client_email: 'eventroute@key-project.iam.gserviceaccount.com',
      client_id: '1234',
      token_uri: 'https://token.invalid/',
      ...fields,
    },
    undefined,
    2,
  );
}

/** Reads the claims of the token in an Authorization header. */
export function claimsOf(authorization: string | undefined): Record<string, unknown> {
  const [, claims = ''] = (authorization ?? '').replace(/^Bearer /, '').split('.');
  return JSON.parse(Buffer.from(claims, 'base64url').toString() || '{}') as Record<string, unknown>;
}

/** Tells for whom a token is that the private key of the tests has signed; undefined for any other. */
export function signerOf(authorization: string | undefined): unknown {
  const [head = '', claims = '', signature = ''] = (authorization ?? '').replace(/^Bearer /, '').split('.');
  const verifier = createVerify('RSA-SHA256').update(`${head}.${claims}`);
  return verifier.verify(publicKey, signature, 'base64url') ? claimsOf(authorization).iss : undefined;
}

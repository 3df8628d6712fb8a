import { createPrivateKey } from 'node:crypto';

import { DeliveryError } from '../sink-kit/index.ts';

/** The key of a service account, as Google's console gives it out. */
export interface ServiceAccountKey {
  readonly type: 'service_account';
  readonly client_email: string;
  readonly private_key: string;
  readonly private_key_id?: string;
  readonly project_id?: string;
  readonly universe_domain?: string;
}

/** What `gcloud auth application-default login` writes. */
export interface AuthorizedUser {
  readonly type: 'authorized_user';
  readonly client_id: string;
  readonly client_secret: string;
  readonly refresh_token: string;
  readonly quota_project_id?: string;
  readonly universe_domain?: string;
}

/** Credentials that hold all they need in themselves. */
export type GoogleKey = ServiceAccountKey | AuthorizedUser;

const needed = {
  service_account: ['client_email', 'private_key'],
  authorized_user: ['client_id', 'client_secret', 'refresh_token'],
} as const satisfies Record<GoogleKey['type'], readonly string[]>;

/**
 * Reads credentials out of a Secret. Other types than these two name files, URLs or programs of the operator's machine
 * (`external_account` and its kin), which whoever writes a Secret must not choose.
 * @throws DeliveryError (permanent, InvalidConfig) that shows nothing of the text.
 */
export function readGoogleKey(text: string): GoogleKey {
  const fields = parse(text);
  const { type } = fields;
  if (type !== 'service_account' && type !== 'authorized_user') {
    const written = typeof type === 'string' ? `\`${type.slice(0, 50)}\`` : 'no';
    throw invalid(
      `is of ${written} type: only service_account and authorized_user keys may come from a Secret; for workload identity ` +
        'federation leave credentials away and give the operator the identity',
    );
  }
  const missing = needed[type].find((name) => typeof fields[name] !== 'string' || fields[name] === '');
  if (missing !== undefined)
    throw invalid(`is a ${type} key without \`${missing}\`: take the whole key file`);
  const universe = fields.universe_domain;
  if (
    universe !== undefined &&
    !(typeof universe === 'string' && /^[a-z0-9-]+(\.[a-z0-9-]+)+$/.test(universe))
  ) {
    throw invalid('has a `universe_domain` that is no domain name');
  }
  if (type === 'service_account') checkPrivateKey(fields.private_key as string);
  return fields as unknown as GoogleKey;
}

/** Lists what must never be shown of a key. */
export function secretsOf(key: GoogleKey): string[] {
  if (key.type === 'authorized_user') return [key.client_secret, key.refresh_token];
  return [key.private_key];
}

function parse(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  } catch {
    // The parser's own message repeats the text.
  }
  throw invalid('is no JSON object: put the content of the key file there, as Google gave it out');
}

function checkPrivateKey(pem: string): void {
  try {
    if (createPrivateKey(pem).asymmetricKeyType === 'rsa') return;
  } catch {
    // The text of OpenSSL says nothing that helps.
  }
  throw invalid('has a `private_key` that is no RSA key in PEM: the line breaks in it have to be \\n');
}

function invalid(message: string): DeliveryError {
  return DeliveryError.permanent(`credentials ${message}`, 'InvalidConfig');
}

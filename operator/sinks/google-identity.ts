import type { AuthClient } from 'google-auth-library';

import { DeliveryError, excerpt, type SinkContext, toDeliveryError } from '../sink-kit/index.ts';
import { unlessAborted } from './abortable.ts';
import { type GoogleKey, readGoogleKey, secretsOf } from './google-key.ts';

/** The resolved values of `googleFields` that say who sends. */
export interface GoogleIdentityConfig {
  readonly credentials?: string;
  /** The field as a user writes it, beside which `Ref` stands. */
  readonly endpoint?: string;
}

/** As whom a sink speaks to Google Cloud. */
export interface GoogleIdentity {
  /** The project of the key, if it names one. */
  readonly projectId: string | undefined;
  /** The domain below which Google's APIs are: `googleapis.com`, or that of a sovereign cloud. */
  readonly universe: string;
  /** Texts that must never be shown. */
  readonly secrets: readonly string[];
  /** Gives the headers that authenticate a request; throws DeliveryError. */
  headers(signal: AbortSignal): Promise<Readonly<Record<string, string>>>;
}

const scopes = ['https://www.googleapis.com/auth/cloud-platform'];
const defaultUniverse = 'googleapis.com';

/** Speaks for nobody: for servers without encryption, which get no credentials. */
const anonymous: GoogleIdentity = {
  projectId: undefined,
  universe: defaultUniverse,
  secrets: [],
  headers: () => Promise.resolve({}),
};

/**
 * Makes the identity of a sink: the key in its configuration, else the operator's own, which only the root namespace may use.
 * @param service the name of the API: `pubsub`.
 * @throws DeliveryError (permanent, InvalidConfig).
 */
export async function createGoogleIdentity(
  config: GoogleIdentityConfig,
  service: string,
  context: Pick<SinkContext, 'isAddressAllowed' | 'warn'>,
): Promise<GoogleIdentity> {
  const isPlain = /^\s*http:/i.test(config.endpoint ?? '');
  const key = config.credentials === undefined ? undefined : readGoogleKey(config.credentials);
  if (isPlain) {
    if (key !== undefined) context.warn('Did not use the credentials, because the endpoint is http://');
    return { ...anonymous, projectId: projectOf(key), secrets: key === undefined ? [] : secretsOf(key) };
  }
  if (key !== undefined) return identityOfKey(key, service);
  if (context.isAddressAllowed !== undefined) {
    throw DeliveryError.permanent(
      "credentials are missing: receivers outside of the root namespace may not use the operator's own identity; put the " +
        'key of a service account into a Secret and name it in credentialsSecretRef',
      'InvalidConfig',
    );
  }
  return ambientIdentity(service);
}

async function identityOfKey(key: GoogleKey, service: string): Promise<GoogleIdentity> {
  const { JWT, UserRefreshClient } = await import('google-auth-library');
  const universe = key.universe_domain ?? defaultUniverse;
  // A service account signs its tokens itself (https://google.aip.dev/auth/4111): nothing is asked for over the network.
  const client =
    key.type === 'service_account'
      ? new JWT({
          email: key.client_email,
          key: key.private_key,
          universeDomain: universe,
          ...(key.private_key_id !== undefined && { keyId: key.private_key_id }),
        })
      : new UserRefreshClient({
          clientId: key.client_id,
          clientSecret: key.client_secret,
          refreshToken: key.refresh_token,
          ...(key.quota_project_id !== undefined && { quotaProjectId: key.quota_project_id }),
        });
  return {
    projectId: projectOf(key),
    universe,
    secrets: secretsOf(key),
    headers: headersFrom(() => Promise.resolve(client), `https://${service}.${universe}/`),
  };
}

/** Workload identity, GOOGLE_APPLICATION_CREDENTIALS with any type of credentials, or the metadata server. */
async function ambientIdentity(service: string): Promise<GoogleIdentity> {
  const { GoogleAuth } = await import('google-auth-library');
  const universe = process.env.GOOGLE_CLOUD_UNIVERSE_DOMAIN ?? defaultUniverse;
  const auth = new GoogleAuth({ scopes });
  return {
    projectId: process.env.GOOGLE_CLOUD_PROJECT,
    universe,
    secrets: [],
    headers: headersFrom(() => auth.getClient(), `https://${service}.${universe}/`),
  };
}

function headersFrom(client: () => Promise<AuthClient>, audience: string): GoogleIdentity['headers'] {
  return async (signal) => {
    try {
      const headers = await unlessAborted(async () => (await client()).getRequestHeaders(audience), signal);
      return Object.fromEntries(headers.entries());
    } catch (error) {
      throw signal.aborted ? signal.reason : toIdentityError(error);
    }
  };
}

/** Fields that Google's token server and its client put on their errors. */
interface TokenError {
  readonly message?: string;
  readonly code?: string;
  readonly status?: number;
  readonly response?: { readonly status?: number; readonly data?: unknown };
}

function toIdentityError(thrown: unknown): DeliveryError {
  const error = (thrown ?? {}) as TokenError;
  const missing = withoutIdentity(error);
  if (missing !== undefined) return unauthorized(missing, thrown);
  const status = error.response?.status ?? error.status;
  if (status === undefined) return toDeliveryError(thrown, "Google's token server");
  if (status >= 500) {
    return DeliveryError.retry(`Google's token server answered ${status}`, 'ServerError', { cause: thrown });
  }
  const says = excerpt(error.message ?? '');
  return unauthorized(`Google's token server refused the credentials (${status}: ${says})`, thrown);
}

/** Says that nobody was asked, because the operator has no identity to ask with. */
function withoutIdentity({ message = '', code }: TokenError): string | undefined {
  if (message.includes('Could not load the default credentials')) {
    return (
      'no Google credentials were found: set credentialsSecretRef, or give the operator an identity (workload identity, ' +
      'GOOGLE_APPLICATION_CREDENTIALS)'
    );
  }
  if (code !== 'ENOENT' && code !== 'EACCES' && !message.includes('GOOGLE_APPLICATION_CREDENTIALS'))
    return undefined;
  return `the file that GOOGLE_APPLICATION_CREDENTIALS names could not be used: ${excerpt(message)}`;
}

function unauthorized(message: string, cause: unknown): DeliveryError {
  return DeliveryError.retry(message, 'Unauthorized', { cause });
}

function projectOf(key: GoogleKey | undefined): string | undefined {
  return key?.type === 'service_account' ? key.project_id : undefined;
}

/**
 * Chooses the project: the one that the configuration names, else that of the key.
 * @throws DeliveryError (permanent, InvalidConfig).
 */
export function chooseProject(written: string | undefined, identity: GoogleIdentity, field: string): string {
  const projectId = written === undefined || written === '' ? identity.projectId : written;
  if (projectId === undefined) {
    throw DeliveryError.permanent(
      `${field} is missing, and the credentials name no project: set it to the id of the project`,
      'InvalidConfig',
    );
  }
  // Project ids, also those of a domain (`example.com:project`) and of emulators.
  if (/^[A-Za-z0-9][A-Za-z0-9.:_-]{0,127}$/.test(projectId)) return projectId;
  throw DeliveryError.permanent(
    `${field} is no id of a project: ${JSON.stringify(projectId)}`,
    'InvalidConfig',
  );
}

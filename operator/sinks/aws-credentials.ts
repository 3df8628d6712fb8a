import { createHttpClient, createTlsOptions, DeliveryError, type SinkContext } from '../sink-kit/index.ts';
import { type AwsConfig, awsKeys, checkEndpoint } from './aws-config.ts';
import { toAwsError } from './aws-error.ts';
import { createAwsHandler } from './aws-handler.ts';
import { silent } from './aws-log.ts';

/** Credentials as AWS signs requests with them. */
export interface AwsIdentity {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  readonly expiration?: Date;
}

/** Where a sink's credentials come from. */
export interface AwsCredentials {
  /** Gives credentials that are valid now; asks STS or the cloud when they are not, so it may fail. */
  readonly provide: () => Promise<AwsIdentity>;
  readonly close: () => Promise<void>;
}

/**
 * Makes the source of a sink's credentials: the access key in its configuration, or the operator's own identity (environment,
 * IRSA, EKS Pod Identity, instance role), which only the root namespace may use; with `roleArn` that role, assumed with these.
 * `provide` does not remember credentials: the SDK's clients do that, until five minutes before they expire.
 * @throws DeliveryError (permanent, InvalidConfig) when the configuration gives no credentials that this receiver may use.
 */
export async function createAwsCredentials(
  config: AwsConfig,
  context: Pick<SinkContext, 'isAddressAllowed'>,
  region: string,
): Promise<AwsCredentials> {
  const keys = awsKeys(config, context);
  if (keys !== undefined && !config.roleArn) {
    return { provide: () => Promise.resolve(keys), close: () => Promise.resolve() };
  }
  const endpoint = config.stsEndpoint ? checkEndpoint('stsEndpoint', config.stsEndpoint).href : undefined;
  // An authority for `endpoint` says nothing about that of STS, unless STS is in a place of the user's as well.
  const http = await createHttpClient({
    tls: createTlsOptions(endpoint === undefined ? {} : config.tls),
    isAddressAllowed: context.isAddressAllowed,
  });
  const clientConfig = {
    region,
    requestHandler: createAwsHandler(http),
    maxAttempts: 1,
    ...(endpoint !== undefined && { endpoint }),
  };
  const { fromNodeProviderChain, fromTemporaryCredentials } = await import('@aws-sdk/credential-providers');
  const chain = fromNodeProviderChain({ clientConfig, logger: silent });
  const provide = config.roleArn
    ? fromTemporaryCredentials({
        masterCredentials: keys ?? chain,
        params: roleParameters(config, config.roleArn),
        clientConfig,
        logger: silent,
      })
    : chain;
  const host = endpoint === undefined ? `AWS STS in ${region}` : new URL(endpoint).host;
  return { provide: () => explained(provide, host, config.roleArn), close: () => http.close() };
}

/** Whoever may not have a role has the wrong credentials, whatever the sink's own service would say to it. */
async function explained(
  provide: () => Promise<AwsIdentity>,
  host: string,
  roleArn: string | undefined,
): Promise<AwsIdentity> {
  try {
    return await provide();
  } catch (cause) {
    const error = toAwsError(cause, { host });
    if (error.reason !== 'Forbidden' && error.reason !== 'Rejected') throw error;
    const role = roleArn ? `role ${roleArn}` : "the role of the operator's service account";
    throw DeliveryError.retry(
      `${role} was not given: ${error.message}; check the role and its trust policy`,
      'Unauthorized',
      { cause },
    );
  }
}

function roleParameters(
  { roleSessionName = 'eventroute', externalId }: AwsConfig,
  roleArn: string,
): { RoleArn: string; RoleSessionName: string; ExternalId?: string } {
  return {
    RoleArn: roleArn,
    RoleSessionName: roleSessionName,
    ...(externalId && { ExternalId: externalId }),
  };
}

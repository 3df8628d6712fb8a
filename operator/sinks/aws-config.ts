import { DeliveryError, type SinkContext, type TlsConfig } from '../sink-kit/index.ts';

/** The resolved values of `awsFields`. */
export interface AwsConfig {
  readonly region?: string;
  readonly endpoint?: string;
  readonly accessKeyId?: string;
  readonly secretAccessKey?: string;
  readonly sessionToken?: string;
  readonly roleArn?: string;
  readonly externalId?: string;
  readonly roleSessionName?: string;
  readonly stsEndpoint?: string;
  readonly tls?: TlsConfig;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** An access key that was written down. */
export interface StaticKeys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/**
 * Finds the region: what the target itself tells, else the configuration, else the operator's environment.
 * @param told the region out of the ARN or URL of what is sent to; empty when there is none.
 * @throws DeliveryError (permanent, InvalidConfig) when nobody names one.
 */
export function awsRegion(
  { region = '' }: AwsConfig,
  { told = '', warn }: { readonly told?: string | undefined; readonly warn: SinkContext['warn'] },
  environment: Environment = process.env,
): string {
  if (told !== '' && region !== '' && told !== region) {
    warn(`region ${region} is not used: what is sent to is in ${told}, as its own name says`);
  }
  const named = [told, region, environment.AWS_REGION, environment.AWS_DEFAULT_REGION].find(Boolean);
  if (named === undefined) {
    throw invalid('no AWS region is known: set `region`, or AWS_REGION in the environment of the operator');
  }
  if (!/^[a-z0-9-]{1,63}$/.test(named)) {
    throw invalid(`${JSON.stringify(named.slice(0, 63))} is no AWS region: a region reads like eu-central-1`);
  }
  return named;
}

/**
 * Judges the credentials in a configuration.
 * @returns the access key in it; undefined when the operator's own identity is to be used.
 * @throws DeliveryError (permanent, InvalidConfig) for half of a key, and for the operator's own identity where the receiver's
 * namespace is not the root: whoever may write there could else act with rights that were never theirs.
 */
export function awsKeys(
  config: AwsConfig,
  context: Pick<SinkContext, 'isAddressAllowed'>,
): StaticKeys | undefined {
  const problem = incomplete(config);
  if (problem !== undefined) throw invalid(problem);
  const { accessKeyId, secretAccessKey, sessionToken } = config;
  if (accessKeyId !== undefined && secretAccessKey !== undefined) {
    return { accessKeyId, secretAccessKey, ...(sessionToken !== undefined && { sessionToken }) };
  }
  if (context.isAddressAllowed === undefined) return undefined;
  throw invalid(
    "only receivers of the root namespace may use the operator's own AWS identity: set `accessKeyId` and " +
      '`secretAccessKey` (by SecretRef), or put the receiver into the root namespace and let this namespace in by its ' +
      'allowedRoutes',
  );
}

/** Says which field needs another one that is not there. */
function incomplete(config: AwsConfig): string | undefined {
  const { accessKeyId, secretAccessKey, sessionToken, roleArn = '', externalId = '' } = config;
  if (externalId !== '' && roleArn === '') return 'externalId is set without `roleArn`, which it belongs to';
  if ((accessKeyId === undefined) !== (secretAccessKey === undefined)) {
    return accessKeyId === undefined
      ? 'secretAccessKey is set without `accessKeyId`'
      : 'accessKeyId is set without `secretAccessKey`';
  }
  return accessKeyId === undefined && sessionToken !== undefined
    ? 'sessionToken is set without `accessKeyId` and `secretAccessKey`, which it belongs to'
    : undefined;
}

/** Refuses a URL that is none, or that holds credentials: AWS signs requests, and the URL is shown to people. */
export function checkEndpoint(name: string, written: string): URL {
  const url = URL.parse(written);
  if (url === null)
    throw invalid(`${name} is no URL: it has to begin with https:// or http:// and name a host`);
  if (url.username !== '' || url.password !== '') {
    throw invalid(`${name} holds a user name or password: use \`accessKeyId\` and \`secretAccessKey\``);
  }
  return url;
}

function invalid(message: string): DeliveryError {
  return DeliveryError.permanent(message, 'InvalidConfig');
}

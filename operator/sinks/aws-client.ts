import { createHttpClient, createTlsOptions, DeliveryError, type SinkContext } from '../sink-kit/index.ts';
import { unlessAborted } from './abortable.ts';
import { type AwsConfig, awsRegion, checkEndpoint } from './aws-config.ts';
import { type AwsCredentials, createAwsCredentials } from './aws-credentials.ts';
import { type AwsPlace, toAwsError } from './aws-error.ts';
import { type AwsHandler, createAwsHandler } from './aws-handler.ts';
import { silent } from './aws-log.ts';

/** What the constructor of every client of the AWS SDK takes from us. Delivery retries, so the SDK does not. */
export interface AwsClientOptions {
  readonly region: string;
  readonly endpoint?: string;
  readonly credentials: AwsCredentials['provide'];
  readonly requestHandler: AwsHandler & Record<string, unknown>;
  readonly maxAttempts: 1;
  readonly retryMode: 'standard';
  /** Written down, because `auto` in the environment would ask the instance metadata service. */
  readonly defaultsMode: 'standard';
  readonly customUserAgent: string;
  readonly logger: typeof silent;
}

/** What a client of the AWS SDK tells about itself. */
export interface AwsSdkClient {
  readonly config: {
    readonly endpointProvider?: (parameters: { Region: string }) => { readonly url: URL };
  };
  destroy(): void;
}

/** A client of one AWS service with its connections and credentials. */
export interface AwsClient<Client> {
  readonly host: string;
  readonly region: string;
  /**
   * Makes a call; obeys the signal at once, also while credentials are fetched.
   * @param target what is sent to, for errors: `queue "events"`.
   * @throws DeliveryError
   */
  call<Answer>(
    make: (client: Client, options: { readonly abortSignal: AbortSignal }) => Promise<Answer>,
    options: { readonly signal: AbortSignal; readonly target?: string },
  ): Promise<Answer>;
  close(): Promise<void>;
}

/** What a sink tells of its service. */
export interface AwsService<Client> {
  /** The region that the target's ARN or URL names. */
  readonly region?: string | undefined;
  readonly create: (options: AwsClientOptions) => Client;
}

/**
 * Opens a client of an AWS service.
 * @throws DeliveryError (permanent, InvalidConfig) for what is wrong with region, endpoint, keys or certificates.
 */
export async function openAws<Client extends AwsSdkClient>(
  config: AwsConfig,
  context: SinkContext,
  service: AwsService<Client>,
): Promise<AwsClient<Client>> {
  const region = awsRegion(config, { told: service.region, warn: context.warn });
  const { endpoint = '' } = config;
  const custom = endpoint === '' ? undefined : checkEndpoint('endpoint', endpoint);
  const tls = createTlsOptions(config.tls);
  const credentials = await createAwsCredentials(config, context, region);
  const http = await createHttpClient({ tls, isAddressAllowed: context.isAddressAllowed });
  const client = service.create({
    region,
    ...(custom !== undefined && { endpoint: custom.href }),
    credentials: credentials.provide,
    requestHandler: { ...createAwsHandler(http) },
    maxAttempts: 1,
    retryMode: 'standard',
    defaultsMode: 'standard',
    customUserAgent: 'eventroute',
    logger: silent,
  });
  const host = custom?.host ?? publicHost(client, region);
  let isClosed = false;
  return {
    host,
    region,
    call: async (make, { signal, target }) => {
      if (isClosed) throw DeliveryError.retry(`the connection to ${host} was closed`, 'ShuttingDown');
      const place: AwsPlace = { host, ...(target !== undefined && { target }) };
      try {
        return await unlessAborted(() => make(client, { abortSignal: signal }), signal);
      } catch (error) {
        throw toAwsError(error, place);
      }
    },
    close: async () => {
      isClosed = true;
      client.destroy();
      await Promise.all([http.close(), credentials.close()]);
    },
  };
}

function publicHost(client: AwsSdkClient, region: string): string {
  try {
    return client.config.endpointProvider?.({ Region: region }).url.host ?? region;
  } catch (cause) {
    throw DeliveryError.permanent(
      `the AWS SDK knows no endpoint for region ${region}`,
      'InvalidConfig',
      cause,
    );
  }
}

import {
  createHttpClient,
  createTlsOptions,
  DeliveryError,
  type HttpResponse,
  type SinkContext,
  type TlsConfig,
} from '../sink-kit/index.ts';
import { failureOfAnswer } from './bigquery-error.ts';
import { type GoogleEndpoint } from './google-endpoint.ts';
import { type GoogleIdentity } from './google-identity.ts';

/** One request to BigQuery's REST API. */
interface ApiRequest {
  readonly method: 'GET' | 'POST' | 'PATCH';
  /** The path below the project: `/datasets/d`. */
  readonly path: string;
  readonly body?: string;
  readonly signal: AbortSignal;
}

/**
 * BigQuery's REST API below one project (https://cloud.google.com/bigquery/docs/reference/rest). Google's own client puts the id of
 * the project in place of `{{projectId}}` anywhere in a row, cannot be aborted, and shares its connections between all of
 * its users; so requests are our own, and only the identity is Google's.
 */
export interface BigQueryApi {
  /** Gives the answer; throws DeliveryError. */
  call(request: ApiRequest): Promise<Readonly<Record<string, unknown>>>;
  close(): Promise<void>;
}

interface ApiOptions {
  readonly endpoint: GoogleEndpoint;
  readonly identity: GoogleIdentity;
  readonly projectId: string;
  readonly tls: TlsConfig | undefined;
  readonly context: Pick<SinkContext, 'isAddressAllowed'>;
}

/** An answer names each row that was refused; a table has at most 10,000 columns. */
const longestAnswerBytes = 32 * 1024 ** 2;

/** Creates the way to BigQuery. */
export async function createBigQueryApi(options: ApiOptions): Promise<BigQueryApi> {
  const { endpoint, identity, projectId, tls, context } = options;
  const client = await createHttpClient({
    tls: createTlsOptions(tls),
    isAddressAllowed: context.isAddressAllowed,
  });
  const origin = `${endpoint.isPlain ? 'http' : 'https'}://${endpoint.name}`;
  const base = `${origin}/bigquery/v2/projects/${encodeURIComponent(projectId)}`;
  return {
    call: async ({ method, path, body, signal }) => {
      const headers = {
        accept: 'application/json',
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...(await identity.headers(signal)),
      };
      const response = await client.request({
        method,
        url: `${base}${path}?prettyPrint=false`,
        headers,
        ...(body !== undefined && { body }),
        signal,
        maxBodyBytes: longestAnswerBytes,
      });
      const failure = failureOfAnswer(response);
      if (failure !== undefined) throw failure;
      return readAnswer(response);
    },
    close: () => client.close(),
  };
}

function readAnswer({ status, bodyText, endpoint }: HttpResponse): Readonly<Record<string, unknown>> {
  try {
    const answer: unknown = JSON.parse(bodyText);
    if (typeof answer === 'object' && answer !== null) return answer as Record<string, unknown>;
  } catch {
    // A proxy's page, say: whether anything was stored is not known.
  }
  throw DeliveryError.retry(
    `${endpoint} answered ${status} with what is no answer of BigQuery: check the endpoint`,
    'ServerError',
  );
}

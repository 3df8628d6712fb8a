import { OneOf, type SinkContext, type TlsConfig, Type } from '../sink-kit/index.ts';
import { type AwsConfig, awsRegion } from './aws-config.ts';
import { createAwsCredentials } from './aws-credentials.ts';
import { awsFields } from './aws-fields.ts';
import { type RequestSigner } from './opensearch-signer.ts';

const { region, accessKeyId, secretAccessKey, sessionToken } = awsFields;
const { roleArn, externalId, roleSessionName, stsEndpoint } = awsFields;

const services = ['es', 'aoss'] as const;

/** The block by which requests are signed for Amazon OpenSearch; an empty one means the operator's own identity. */
export const awsBlock = Type.Optional(
  Type.Object(
    {
      service: Type.Optional(
        OneOf(services, {
          description:
            'What the hosts are: `es` for domains, `aoss` for serverless collections. By default what their name says.',
        }),
      ),
      ...{ region, accessKeyId, secretAccessKey, sessionToken },
      ...{ roleArn, externalId, roleSessionName, stsEndpoint },
    },
    {
      description:
        'Signs requests with AWS credentials (Signature Version 4); `{}` takes those of the operator.',
    },
  ),
);

/** The resolved values of `awsBlock`. */
export interface AwsBlock extends Omit<AwsConfig, 'tls' | 'endpoint'> {
  readonly service?: (typeof services)[number];
}

/** What a host of Amazon OpenSearch tells by its name: `x.eu-central-1.es.amazonaws.com`. */
const amazonHost = /\.([a-z0-9-]+)\.(es|aoss)\.amazonaws\.com(?:\.cn)?$/;

/** Tells which service of AWS the requests to a node are for. */
export function awsServiceOf(node: URL, { service }: AwsBlock): (typeof services)[number] {
  return service ?? (amazonHost.exec(node.hostname)?.[2] === 'aoss' ? 'aoss' : 'es');
}

/**
 * Opens the signer for a cluster.
 * @throws DeliveryError (permanent, InvalidConfig) for what is wrong with region, keys or role.
 */
export async function openSigner(
  block: AwsBlock,
  { node, tls }: { readonly node: URL; readonly tls: TlsConfig | undefined },
  context: SinkContext,
): Promise<RequestSigner> {
  const told = amazonHost.exec(node.hostname)?.[1];
  const scope = {
    region: awsRegion(block, { told, warn: context.warn }),
    service: awsServiceOf(node, block),
  };
  const credentials = await createAwsCredentials({ ...block, ...(tls && { tls }) }, context, scope.region);
  const { createRequestSigner } = await import('./opensearch-signer.ts');
  return createRequestSigner(credentials, scope);
}

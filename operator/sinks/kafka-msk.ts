import { type SinkContext } from '../sink-kit/index.ts';
import { type AwsConfig, awsRegion } from './aws-config.ts';
import { createAwsCredentials } from './aws-credentials.ts';
import { createTokenSource, type TokenSource } from './kafka-token.ts';

/** The region in the name of a broker of MSK: `b-1.cluster.abc123.c2.kafka.eu-central-1.amazonaws.com`. */
const mskHost = /\.kafka(?:-serverless)?\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?$/;

/** Makes the source of tokens for Amazon MSK with IAM: each is a signed URL that lives for 15 minutes. */
export async function createMskSource(
  config: AwsConfig,
  context: SinkContext,
  hosts: readonly string[],
): Promise<TokenSource> {
  const told = hosts.map((host) => mskHost.exec(host)?.[1]).find(Boolean);
  const region = awsRegion(config, { told, warn: context.warn });
  const credentials = await createAwsCredentials(config, context, region);
  const { generateAuthTokenFromCredentialsProvider } = await import('aws-msk-iam-sasl-signer-js');
  return createTokenSource(
    async () => {
      const { token, expiryTime } = await generateAuthTokenFromCredentialsProvider({
        region,
        awsCredentialsProvider: credentials.provide,
      });
      return { text: token, expiresAtMs: expiryTime };
    },
    () => credentials.close(),
  );
}

import type { AuthenticationProviderArgs, KafkaConfig } from 'kafkajs';

import { DeliveryError, excerpt, type SinkContext } from '../sink-kit/index.ts';
import { type AwsConfig } from './aws-config.ts';
import { type mechanisms } from './kafka-fields.ts';
import { createOauthSource, type OauthConfig, type TokenSource } from './kafka-token.ts';

/** The resolved `sasl` block. */
export interface SaslConfig {
  readonly enable?: boolean;
  readonly mechanism?: (typeof mechanisms)[number];
  readonly username?: string;
  readonly password?: string;
  readonly oauth?: OauthConfig;
  readonly aws?: AwsConfig;
}

/** How connections authenticate. */
export interface Sasl {
  /** Makes what kafkajs wants for the connections of one client; `signal` aborts with them. */
  readonly options: (signal: AbortSignal) => KafkaConfig['sasl'];
  /** What to look at when the brokers refuse us. */
  readonly advice: string;
  readonly close: () => Promise<void>;
}

const exporterNames: Readonly<Record<string, string>> = {
  sha256: 'scram-sha-256',
  sha512: 'scram-sha-512',
  aws_msk_iam: 'aws-msk-iam',
};

/**
 * Prepares the authentication that a configuration describes; undefined without one.
 * @throws DeliveryError (permanent, InvalidConfig) when what the mechanism needs is missing.
 */
export async function createSasl(
  config: SaslConfig | undefined,
  context: SinkContext,
  hosts: readonly string[],
): Promise<Sasl | undefined> {
  if (config === undefined || config.enable === false) return undefined;
  const written = (config.mechanism ?? 'plain').toLowerCase();
  const mechanism = exporterNames[written] ?? written;
  if (mechanism === 'oauthbearer') {
    const { oauth = {} } = config;
    return bearer(
      await createOauthSource(oauth, context),
      'check the token in sasl.oauth, and who may issue one',
      oauth.extensions,
    );
  }
  if (mechanism === 'aws-msk-iam') {
    const { createMskSource } = await import('./kafka-msk.ts');
    return bearer(
      await createMskSource(config.aws ?? {}, context, hosts),
      'check the identity in sasl.aws, and that its policy allows kafka-cluster:Connect',
    );
  }
  return passwordSasl(mechanism, config);
}

function passwordSasl(mechanism: string, { username = '', password }: SaslConfig): Sasl {
  if (username === '' || password === undefined) {
    throw DeliveryError.permanent(
      `sasl.mechanism ${mechanism} needs \`username\` and \`password\` (or \`passwordSecretRef\`)`,
      'InvalidConfig',
    );
  }
  return {
    options: () => passwordOptions(mechanism, { username, password }),
    advice: 'check sasl.username, sasl.password and sasl.mechanism',
    close: () => Promise.resolve(),
  };
}

function passwordOptions(
  mechanism: string,
  credentials: { readonly username: string; readonly password: string },
): KafkaConfig['sasl'] {
  if (mechanism === 'scram-sha-256') return { mechanism, ...credentials };
  if (mechanism === 'scram-sha-512') return { mechanism, ...credentials };
  return { mechanism: 'plain', ...credentials };
}

/** A client's first message of RFC 7628 3.1: no authorization identity, the token, extensions of KIP-342. */
function firstMessage(token: string, extensions: Readonly<Record<string, string>>): Buffer {
  const pairs = Object.entries(extensions).map(([name, value]) => `\u0001${name}=${value}`);
  return Buffer.from(`n,,\u0001auth=Bearer ${token}${pairs.join('')}\u0001\u0001`);
}

/** kafkajs does not read the brokers' answer to a token, and takes a refused one for a good one. */
function bearer(
  source: TokenSource,
  advice: string,
  extensions: Readonly<Record<string, string>> = {},
): Sasl {
  const authenticate = async (
    saslAuthenticate: AuthenticationProviderArgs['saslAuthenticate'],
    signal: AbortSignal,
  ): Promise<void> => {
    const message = firstMessage(await source.token(signal), extensions);
    const refusal = await saslAuthenticate({
      request: { encode: () => withLength(message) },
      response: { decode: withoutLength, parse: (bytes) => bytes.toString('utf8') },
    }).catch((cause: unknown) => {
      source.forget();
      throw cause;
    });
    if (refusal === undefined || refusal === '') return;
    source.forget();
    throw DeliveryError.retry(
      `the brokers refused the token (${excerpt(refusal)}): ${advice}`,
      'Unauthorized',
    );
  };
  return {
    options: (signal) => ({
      mechanism: 'oauthbearer',
      authenticationProvider: ({ saslAuthenticate }) => ({
        authenticate: () => authenticate(saslAuthenticate, signal),
      }),
    }),
    advice,
    close: () => source.close(),
  };
}

/** SASL messages travel behind their length in four bytes. */
function withLength(message: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeInt32BE(message.length);
  return Buffer.concat([length, message]);
}

function withoutLength(bytes: Buffer): Buffer {
  return bytes.subarray(4);
}

import { X509Certificate } from 'node:crypto';
import { createSecureContext, type SecureContextOptions } from 'node:tls';

import { Secret, Text } from '../schema/fields.ts';
import { Type, type Static } from '@sinclair/typebox';
import { DeliveryError } from './delivery-error.ts';
import { errorCode } from './error-chain.ts';
import { SecretTls } from './secret-fields.ts';

/** The `tls` block of sinks that connect by TLS; the same fields for each of them. */
export const tlsField = Type.Object(
  {
    insecureSkipVerify: Type.Optional(
      Type.Boolean({
        description:
          "Does not verify the server's certificate. Whoever is on the way can then read and change all.",
        default: false,
      }),
    ),
    serverName: Type.Optional(
      Text({
        description: 'The name that the certificate of the server has to carry, when it is not the host.',
        minLength: 1,
        maxLength: 253,
        examples: ['siem.example.com'],
      }),
    ),
    secretRef: Type.Optional(
      SecretTls({
        description:
          'A Secret with `ca.crt` (authorities to trust instead of the system ones) and, for mutual TLS, `tls.crt` ' +
          'and `tls.key`.',
      }),
    ),
    ca: Type.Optional(
      Text({
        description:
          'Authorities to trust instead of the system ones, in PEM; used before `ca.crt` of the Secret.',
      }),
    ),
    cert: Type.Optional(
      Text({ description: 'Our certificate for mutual TLS, in PEM; used before `tls.crt` of the Secret.' }),
    ),
    key: Type.Optional(
      Secret({
        description: 'The private key of our certificate, in PEM; used before `tls.key` of the Secret.',
      }),
    ),
  },
  { description: 'How to connect by TLS: whom to trust, and our certificate where the server wants one.' },
);

/** The resolved values of `tlsField`. */
export type TlsConfig = Readonly<Static<typeof tlsField>>;

/** Options for `tls.connect` and for HTTP clients. */
export interface TlsOptions extends Pick<SecureContextOptions, 'ca' | 'cert' | 'key'> {
  readonly servername?: string;
  readonly rejectUnauthorized: boolean;
}

/**
 * Makes the options of a TLS connection.
 * @throws DeliveryError (permanent, InvalidConfig) when a PEM text is none, or key and certificate do not belong together.
 */
export function createTlsOptions(config: TlsConfig = {}): TlsOptions {
  const { secretRef } = config;
  const material = {
    ca: pem(config.ca ?? secretRef?.['ca.crt']),
    cert: pem(config.cert ?? secretRef?.['tls.crt']),
    key: pem(config.key ?? secretRef?.['tls.key']),
  };
  checkCertificates('the authorities (ca, ca.crt)', material.ca);
  checkCertificates('the certificate (cert, tls.crt)', material.cert);
  checkPair(material);
  return {
    ...Object.fromEntries(Object.entries(material).filter(([, text]) => text !== undefined)),
    ...(config.serverName !== undefined && { servername: config.serverName }),
    rejectUnauthorized: config.insecureSkipVerify !== true,
  };
}

type Material = Record<'ca' | 'cert' | 'key', string | undefined>;

/** An empty value is absent: cert-manager writes an empty `ca.crt` when the issuer has no authority of its own. */
function pem(text: string | undefined): string | undefined {
  return text === undefined || text.trim() === '' ? undefined : text;
}

function checkCertificates(what: string, text: string | undefined): void {
  if (text === undefined) return;
  const blocks = text.match(
    /-----BEGIN (TRUSTED |X509 )?CERTIFICATE-----[^-]+-----END (TRUSTED |X509 )?CERTIFICATE-----/g,
  );
  if (blocks === null) {
    throw invalid(
      `tls: ${what} holds no PEM certificate: it has to begin with "-----BEGIN CERTIFICATE-----"`,
    );
  }
  blocks.forEach((block, index) => {
    try {
      new X509Certificate(block);
    } catch (cause) {
      throw invalid(
        `tls: ${what} is damaged: PEM certificate ${index + 1} of ${blocks.length} does not read`,
        cause,
      );
    }
  });
}

function checkPair({ cert, key }: Material): void {
  if (cert !== undefined && key === undefined)
    throw invalid('tls: a certificate (tls.crt) is given without its key (tls.key)');
  if (cert === undefined && key !== undefined)
    throw invalid('tls: a key (tls.key) is given without its certificate (tls.crt)');
  try {
    createSecureContext({ cert, key });
  } catch (cause) {
    throw invalid(pairProblem(errorCode(cause)), cause);
  }
}

function pairProblem(code = 'unknown'): string {
  if (code.includes('KEY_VALUES_MISMATCH') || code.includes('KEY_TYPE_MISMATCH')) {
    return 'tls: the key (tls.key) does not belong to the certificate (tls.crt)';
  }
  if (
    code.includes('BAD_PASSWORD_READ') ||
    code.includes('BAD_DECRYPT') ||
    code.includes('MISSING_PASSPHRASE')
  ) {
    return 'tls: the key (tls.key) is encrypted: put it in without a passphrase';
  }
  return `tls: the key (tls.key) or the certificate (tls.crt) is no PEM that OpenSSL takes (${code})`;
}

function invalid(message: string, cause?: unknown): DeliveryError {
  return DeliveryError.permanent(message, 'InvalidConfig', cause);
}

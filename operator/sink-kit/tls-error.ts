import { type Reason } from '../schema/reasons.ts';
import { errorCode } from './error-chain.ts';

interface TlsFailure {
  readonly reason: Reason;
  readonly says: string;
}

const failure = (says: string): TlsFailure => ({ reason: 'TLSFailed', says });

const unknownAuthority = failure(
  'shows a certificate of an authority that is not known: put its CA into `ca.crt` of the Secret in tls.secretRef',
);
const revoked = failure('shows a certificate that was revoked');

/** Codes of X.509 verification (https://nodejs.org/api/tls.html#x509-certificate-error-codes). */
const verificationFailures: Readonly<Record<string, TlsFailure>> = {
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: unknownAuthority,
  UNABLE_TO_GET_ISSUER_CERT: unknownAuthority,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: unknownAuthority,
  SELF_SIGNED_CERT_IN_CHAIN: unknownAuthority,
  DEPTH_ZERO_SELF_SIGNED_CERT: unknownAuthority,
  CERT_UNTRUSTED: unknownAuthority,
  INVALID_CA: failure('shows a certificate whose issuer is no authority: put the right CA into `ca.crt`'),
  CERT_SIGNATURE_FAILURE: failure('shows a certificate that the CA in `ca.crt` did not sign'),
  CERT_HAS_EXPIRED: failure('shows a certificate that has expired'),
  CERT_NOT_YET_VALID: failure('shows a certificate that is not valid yet: check the clocks'),
  CERT_REVOKED: revoked,
  CERT_CHAIN_TOO_LONG: failure('shows a chain of certificates that is too long'),
  INVALID_PURPOSE: failure('shows a certificate that is not for servers'),
  CERT_REJECTED: failure('shows a certificate that is rejected here'),
  HOSTNAME_MISMATCH: failure('shows a certificate for another name'),
};

/** Alerts by which the other side refuses ours, as OpenSSL writes them into the code (RFC 8446 6.2). */
const refusalOfOurs =
  /ALERT_(UNKNOWN_CA|BAD_CERTIFICATE|CERTIFICATE_(EXPIRED|REVOKED|UNKNOWN)|UNSUPPORTED_CERTIFICATE|ACCESS_DENIED|DECRYPT_ERROR)/;

/** Tells what a failure of TLS means; undefined when the error is none. */
export function tlsFailure(error: unknown): TlsFailure | undefined {
  const code = errorCode(error);
  if (code === undefined) return undefined;
  if (Object.hasOwn(verificationFailures, code)) return verificationFailures[code];
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return wrongName(error);
  if (code.startsWith('ERR_SSL_') || code === 'EPROTO') return protocolFailure(code);
  return code.startsWith('ERR_TLS_') || code.startsWith('ERR_OSSL_')
    ? failure(`failed in TLS (${code})`)
    : undefined;
}

function wrongName(error: unknown): TlsFailure {
  const names = (error as { cert?: { subjectaltname?: unknown } }).cert?.subjectaltname;
  const known = typeof names === 'string' && names !== '' ? ` (${names.slice(0, 150)})` : '';
  return failure(
    `shows a certificate for other names${known}: correct the host, or set tls.serverName to one of them`,
  );
}

function protocolFailure(code: string): TlsFailure {
  if (/WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|HTTP_REQUEST/.test(code)) {
    return failure('does not speak TLS on this port: check the port, and https against http');
  }
  if (/ALERT_CERTIFICATE_REQUIRED|ALERT_HANDSHAKE_FAILURE/.test(code)) {
    return failure(
      'wants a client certificate, or shares no TLS version or cipher with us: put `tls.crt` and `tls.key` into the ' +
        'Secret in tls.secretRef',
    );
  }
  if (refusalOfOurs.test(code)) {
    return failure(`did not accept our client certificate (${code.replace('ERR_SSL_', '')})`);
  }
  if (/UNSUPPORTED_PROTOCOL|PROTOCOL_VERSION|NO_SHARED_CIPHER/.test(code)) {
    return failure('shares no TLS version or cipher with us');
  }
  return failure(`failed in TLS (${code})`);
}

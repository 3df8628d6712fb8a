import { isIP } from 'node:net';
import { checkServerIdentity, createSecureContext, type PeerCertificate, type SecureContext } from 'node:tls';

import { createTlsOptions, type TlsConfig } from '../sink-kit/index.ts';
import { type HostPort } from './host-port.ts';

/** What a gRPC channel has to know for TLS. */
export interface ChannelTls {
  readonly context: SecureContext;
  readonly verifyOptions: {
    readonly rejectUnauthorized: boolean;
    readonly checkServerIdentity?: (name: string, certificate: PeerCertificate) => Error | undefined;
  };
  /** The name to ask for and to look for in the certificate, when it is not the host. */
  readonly serverName: string | undefined;
}

/** Makes the TLS settings of a channel; throws DeliveryError as `createTlsOptions` does. */
export function channelTls({ host }: HostPort, tls: TlsConfig | undefined): ChannelTls {
  const { servername, rejectUnauthorized, ...material } = createTlsOptions(tls);
  const context = createSecureContext(material);
  if (servername !== undefined || isIP(host) === 0) {
    return { context, verifyOptions: { rejectUnauthorized }, serverName: servername };
  }
  // gRPC always asks the server for a name, and an address is none (RFC 6066 3): it asks for one that nobody has, and the
  // certificate is judged by the address.
  return {
    context,
    verifyOptions: {
      rejectUnauthorized,
      checkServerIdentity: (_, certificate) => checkServerIdentity(host, certificate),
    },
    serverName: 'address.invalid',
  };
}

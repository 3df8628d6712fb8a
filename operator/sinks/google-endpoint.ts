import { DeliveryError } from '../sink-kit/index.ts';
import { formatHostPort, type HostPort, parseHostPort } from './host-port.ts';

/** Where an API of Google Cloud is reached. */
export interface GoogleEndpoint extends HostPort {
  /** Host and port, for people. */
  readonly name: string;
  /** Nothing is encrypted, so nothing secret may be sent. */
  readonly isPlain: boolean;
}

/**
 * Reads `host`, `host:port`, `https://host:port` or `http://host:port`; ports are by default those of the schemes.
 * @throws DeliveryError (permanent, InvalidConfig).
 */
export function readGoogleEndpoint(written: string | undefined, defaultHost: string): GoogleEndpoint {
  const text = written?.trim() ?? '';
  const [, scheme = 'https', rest = text] = /^(https?):\/\/(.*)$/i.exec(text) ?? [];
  const isPlain = scheme.toLowerCase() === 'http';
  const place = rest.replace(/\/$/, '');
  if (/[/?#@\\]/.test(place)) {
    throw DeliveryError.permanent(
      'endpoint has a path, query or user info: write a host, host:port or https://host:port',
      'InvalidConfig',
    );
  }
  const target = parseHostPort(text === '' ? defaultHost : place, 'endpoint', isPlain ? 80 : 443);
  return { ...target, name: formatHostPort(target), isPlain };
}

import type { TUnsafe } from '@sinclair/typebox';

import { field, type FieldOptions } from '../schema/fields.ts';

/** The keys of a Secret for TLS, as cert-manager and `kubectl create secret tls` name them; PEM texts. */
export interface TlsSecret {
  readonly 'ca.crt'?: string;
  readonly 'tls.crt'?: string;
  readonly 'tls.key'?: string;
}

/** Declares a reference `{name}` to a whole Secret; code gets its keys with their values. */
export function SecretMap(options: FieldOptions): TUnsafe<Readonly<Record<string, string>>> {
  return field<Readonly<Record<string, string>>>('secretMap', { type: 'object', ...options });
}

/** Declares a reference `{name}` to a Secret that holds `ca.crt`, `tls.crt` and `tls.key`, or some of them. */
export function SecretTls(options: FieldOptions): TUnsafe<TlsSecret> {
  return field<TlsSecret>('secretTls', { type: 'object', ...options });
}

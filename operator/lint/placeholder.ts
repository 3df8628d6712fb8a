import { generateKeyPairSync } from 'node:crypto';

import type { TObject } from '@sinclair/typebox';

import { type SecretData } from '../control/world.ts';
import { walkConfig, type RoleField } from '../sink-kit/config-walk.ts';

/** The Secrets of a receiver's namespace that could be read, by name. */
export type KnownSecrets = ReadonlyMap<string, SecretData>;

/**
 * Puts a text of the right kind in the place of every credential whose Secret is not at hand, so that templates and
 * everything else can be checked and rendered all the same. Defaults come in with it; what is known stays as it is.
 */
export function withPlaceholders(
  schema: TObject,
  written: Readonly<Record<string, unknown>>,
  known: KnownSecrets,
): Readonly<Record<string, unknown>> {
  const filled = walkConfig(schema, { path: '', value: written }, (field) => fill(field, known));
  return filled as Readonly<Record<string, unknown>>;
}

function fill({ role, path, value, ref }: RoleField, known: KnownSecrets): unknown {
  if (role === 'secret' && ref !== undefined) {
    const { name, key } = ref as { readonly name: string; readonly key: string };
    return known.get(name)?.[key]?.replace(/[\r\n]+$/, '') ?? placeholderFor(path, { name, key });
  }
  // certificates and unknown headers have no stand-in; without them the connection is what differs, not the payload
  const isWhole = role === 'secretTls' || role === 'secretMap';
  if (isWhole && !known.has((value as { readonly name: string }).name)) return undefined;
  return value;
}

/** What sinks refuse when it has the wrong form has a stand-in of that form. */
function placeholderFor(
  path: string,
  { name, key }: { readonly name: string; readonly key: string },
): string {
  const field = path.slice(path.lastIndexOf('.') + 1);
  if (/url|endpoint|address|dsn|host/i.test(field))
    return `https://${hostLabel(name)}.invalid/${hostLabel(key)}`;
  if (/^credentials$/i.test(field)) return makeGoogleKey();
  if (/accessKeyI[dD]/.test(field)) return 'AKIAPLACEHOLDER00000';
  return `placeholder-${hostLabel(name)}-${hostLabel(key)}`;
}

function hostLabel(text: string): string {
  return (
    text
      .toLowerCase()
      .replaceAll(/[^a-z0-9]+/g, '-')
      .replaceAll(/^-+|-+$/g, '') || 'secret'
  );
}

/** The form of a service account's key. Sinks look into it, so its RSA key is a real one, which nobody has a use for. */
function makeGoogleKey(): string {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
  return JSON.stringify({
    type: 'service_account',
    project_id: 'placeholder',
    private_key_id: 'placeholder',
    private_key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
    client_email: 'placeholder@placeholder.iam.gserviceaccount.com',
  });
}

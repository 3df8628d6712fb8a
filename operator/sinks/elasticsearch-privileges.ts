import { DeliveryError } from '../sink-kit/index.ts';
import { type SearchClient } from './search-client.ts';

/** Privileges on an index: the one lets documents be created, the other also lets them be renewed. */
export type WritePrivilege = 'create_doc' | 'index';

interface Privileges {
  readonly username?: string;
  readonly has_all_requested?: boolean;
}

/**
 * Asks Elasticsearch whether our user may write to an index; every user may ask this of itself. Servers without security, or
 * too old to know the privilege, do not answer it, and nothing is said then.
 */
export async function checkPrivilege(
  client: SearchClient,
  { name, privilege }: { readonly name: string; readonly privilege: WritePrivilege },
  signal: AbortSignal,
): Promise<void> {
  const { status, body, endpoint } = await client.request({
    method: 'POST',
    path: '/_security/user/_has_privileges',
    body: { index: [{ names: [name], privileges: [privilege] }] },
    signal,
  });
  if (status !== 200 || typeof body !== 'object') return;
  const { username = 'the user', has_all_requested: isAllowed } = body as Privileges;
  if (isAllowed !== false) return;
  throw DeliveryError.retry(
    `${endpoint} does not let ${username} write to ${name}: give it the privileges ${privilege} and auto_configure on the index`,
    'Forbidden',
  );
}

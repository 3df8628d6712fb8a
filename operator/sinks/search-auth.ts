import { type AuthConfig, basicAuthorization, DeliveryError } from '../sink-kit/index.ts';
import { type SearchHosts } from './search-hosts.ts';

/** The credentials that both servers take. */
interface UserConfig extends Pick<AuthConfig, 'bearer'> {
  readonly username?: string;
  readonly password?: string;
}

/**
 * Makes the Authorization header: of the bearer token, the user, or the user info in the URLs.
 * @throws DeliveryError (permanent, InvalidConfig) for a bearer token beside a user.
 */
export function userAuthorization(
  { username = '', password = '', bearer }: UserConfig,
  hosts: SearchHosts,
): string | undefined {
  if (bearer === undefined) {
    return username === '' ? hosts.authorization : basicAuthorization(username, password);
  }
  if (username === '') return `Bearer ${bearer.token}`;
  throw DeliveryError.permanent('sets both `bearer` and `username`; keep one of them', 'InvalidConfig');
}

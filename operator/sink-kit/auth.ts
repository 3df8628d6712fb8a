import { Type, type Static } from '@sinclair/typebox';

import { Secret, Text } from '../schema/fields.ts';
import { DeliveryError } from './delivery-error.ts';

/** The `basic` and `bearer` blocks of HTTP sinks; spread them into the sink's config. */
export const authFields = {
  basic: Type.Optional(
    Type.Object(
      {
        username: Text({ description: 'The name of the user.', examples: ['eventroute'] }),
        password: Secret({ description: 'The password of the user.' }),
      },
      { description: 'Basic authentication.' },
    ),
  ),
  bearer: Type.Optional(
    Type.Object(
      { token: Secret({ description: 'The token, without the word `Bearer`.' }) },
      { description: 'Authentication with a bearer token.' },
    ),
  ),
} as const;

/** The resolved values of `authFields`. */
export interface AuthConfig {
  readonly basic?: Readonly<Static<(typeof authFields)['basic']>>;
  readonly bearer?: Readonly<Static<(typeof authFields)['bearer']>>;
}

/**
 * Makes the value of an Authorization header; undefined without a block.
 * @throws DeliveryError (permanent, InvalidConfig) when both blocks are set.
 */
export function authorizationOf({ basic, bearer }: AuthConfig): string | undefined {
  if (basic !== undefined && bearer !== undefined) {
    throw DeliveryError.permanent('sets both `basic` and `bearer`; keep one of them', 'InvalidConfig');
  }
  if (bearer !== undefined) return `Bearer ${bearer.token}`;
  return basic && basicAuthorization(basic.username, basic.password);
}

/** Makes the value of an Authorization header from a user's name and password (RFC 7617, as UTF-8). */
export function basicAuthorization(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}

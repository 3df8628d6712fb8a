import { DeliveryError } from '../sink-kit/index.ts';

/**
 * Asks whether what is sent to exists. Policies that allow sending and nothing else are good ones, so a refusal to describe
 * says that the system knows these credentials, and no more; it is told once and is no failure.
 * @param action what the policy would have to allow: `sqs:GetQueueAttributes`.
 */
export function createDescribe(
  action: string,
  warn: (message: string) => void,
): (describe: () => Promise<unknown>) => Promise<void> {
  let isTold = false;
  return async (describe) => {
    try {
      await describe();
    } catch (error) {
      if (!isDenied(error)) throw error;
      if (!isTold)
        warn(`these credentials may not do ${action}, so only sending tells whether the target exists`);
      isTold = true;
    }
  };
}

/** AWS's own refusal; a 403 of something else on the way says nothing about the credentials. */
function isDenied(error: unknown): boolean {
  if (!(error instanceof DeliveryError) || error.reason !== 'Forbidden') return false;
  const { name = '' } = (error.cause ?? {}) as { readonly name?: string };
  return /AccessDenied|Authorization|NotAuthorized/i.test(name);
}

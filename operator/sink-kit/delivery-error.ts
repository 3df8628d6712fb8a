import { type Reason } from '../schema/reasons.ts';

/** Says how a failed send is to be handled; built by the static functions. */
export interface DeliveryErrorOptions {
  readonly reason: Reason;
  /** Sending the same again cannot help. */
  readonly permanent?: boolean;
  /** How long the system asks to wait before the next attempt. */
  readonly retryAfterMs?: number;
  /** One entry for each event of the batch, in order: what failed it, or undefined when it was delivered. */
  readonly results?: readonly (DeliveryError | undefined)[];
  readonly cause?: unknown;
}

/**
 * What a sink throws when the whole batch, or some of its events, were not delivered. Any other error that a sink
 * throws means: retry all. Messages never hold a secret.
 */
export class DeliveryError extends Error {
  override readonly name = 'DeliveryError';
  readonly reason: Reason;
  readonly permanent: boolean;
  readonly retryAfterMs: number | undefined;
  readonly results: readonly (DeliveryError | undefined)[] | undefined;

  constructor(message: string, options: DeliveryErrorOptions) {
    super(message, { cause: options.cause });
    this.reason = options.reason;
    this.permanent = options.permanent ?? false;
    this.retryAfterMs = options.retryAfterMs;
    this.results = options.results;
  }

  /** The system refused for good: retrying the same cannot help. */
  static permanent(message: string, reason: Reason = 'Rejected', cause?: unknown): DeliveryError {
    return new DeliveryError(message, { reason, permanent: true, cause });
  }

  /** A passing failure; with `retryAfterMs` the system itself named the wait. */
  static retry(
    message: string,
    reason: Reason,
    options: { retryAfterMs?: number; cause?: unknown } = {},
  ): DeliveryError {
    return new DeliveryError(message, { reason, ...options });
  }

  /** Some events of the batch failed: `results[i]` is undefined where event i was delivered. */
  static partial(message: string, results: readonly (DeliveryError | undefined)[]): DeliveryError {
    const first = results.find((result) => result !== undefined);
    return new DeliveryError(message, { reason: first?.reason ?? 'ServerError', results });
  }
}

/** Why a receiver gave up an event, for the receiver that gets it instead. */
export interface DeadLetter {
  /** Why, in one word out of docs/reference/reasons.md. */
  readonly reason: string;
  /** Why, in a sentence; secrets are masked. */
  readonly message: string;
  /** How often it was sent, at least in part; 0 when it could not even be rendered. */
  readonly attempts: number;
  /** When the first attempt began; when it was given up if there was none. */
  readonly firstTime: Date;
  /** When the last attempt ended; when it was given up if there was none. */
  readonly lastTime: Date;
  /** `namespace/name` of the receiver that gave it up. */
  readonly receiver: string;
}

/** Gives the facts of a dead letter as plain data with JSON names. */
export function deadLetterData(deadLetter: DeadLetter): Readonly<Record<string, unknown>> {
  const { reason, message, attempts, firstTime, lastTime, receiver } = deadLetter;
  return {
    ...{ reason, message, attempts },
    ...{ firstTime: firstTime.toISOString(), lastTime: lastTime.toISOString(), receiver },
  };
}

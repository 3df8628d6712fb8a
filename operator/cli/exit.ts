/** How the process ends; `eventroute --help` lists these. */
export const exitCodes = {
  /** All is well, or a signal asked to stop. */
  ok: 0,
  /** The command found something wrong, or could not do its work. */
  failure: 1,
  /** The command line itself is wrong. */
  usage: 2,
  /** Another replica took the Lease over; a restart makes this one a standby. */
  leadershipLost: 3,
} as const;

/** A command line that cannot be obeyed; the message says what to write instead. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

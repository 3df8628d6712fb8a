/** The parts of an Amazon Resource Name that tell where something is. */
export interface Arn {
  readonly service: string;
  readonly region: string;
  readonly account: string;
  /** What follows the account: `stream/events`, `events.fifo`. */
  readonly resource: string;
}

/** Reads an ARN (`arn:partition:service:region:account:resource`); undefined for what is none. */
export function parseArn(text: string): Arn | undefined {
  const match = /^arn:[a-z0-9-]+:([a-z0-9-]+):([a-z0-9-]*):([0-9]*):(.+)$/.exec(text);
  if (match === null) return undefined;
  const [, service = '', region = '', account = '', resource = ''] = match;
  return { service, region, account, resource };
}

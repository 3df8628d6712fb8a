import { DeliveryError, type EventLayout } from '../sink-kit/index.ts';
import { parseArn } from './aws-arn.ts';

/** An event bus as the calls of EventBridge take it. */
export interface Bus {
  /** Its name or ARN. */
  readonly name: string;
  readonly region?: string;
  /** The bus for people. */
  readonly target: string;
}

/**
 * Reads which bus is meant.
 * @throws DeliveryError (permanent, InvalidConfig) for what is no bus, and for two layouts.
 */
export function readBus({
  eventBusName = '',
  details,
  layout,
}: {
  readonly eventBusName?: string;
  readonly details?: EventLayout;
  readonly layout?: EventLayout;
}): Bus {
  if (details !== undefined && layout !== undefined) {
    throw invalid('sets both `details` and `layout`, which mean the same; keep one of them');
  }
  const name = eventBusName === '' ? 'default' : eventBusName;
  const arn = parseArn(name);
  if (arn === undefined) {
    if (/^[A-Za-z0-9/_.-]{1,256}$/.test(name)) return { name, target: `event bus "${name}"` };
  } else if (arn.service === 'events' && arn.resource.startsWith('event-bus/')) {
    return { name, region: arn.region, target: `event bus "${arn.resource.replace('event-bus/', '')}"` };
  }
  throw invalid(
    `${JSON.stringify(name.slice(0, 100))} is no name of an event bus: letters, digits, slashes, dots, hyphens and ` +
      'underscores, or its ARN, arn:aws:events:REGION:ACCOUNT:event-bus/NAME',
  );
}

function invalid(message: string): DeliveryError {
  return DeliveryError.permanent(message, 'InvalidConfig');
}

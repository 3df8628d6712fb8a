import { DeliveryError, type EventLayout, type TextTemplate } from '../sink-kit/index.ts';
import { parseArn } from './aws-arn.ts';

/** An event bus as the calls of EventBridge take it. */
export interface Bus {
  /** Its name or ARN. */
  readonly name: string;
  readonly region?: string;
  /** The bus for people. */
  readonly target: string;
}

/** What can be wrong with the configuration before anything is sent. */
export interface BusConfig {
  readonly eventBusName?: string;
  readonly source: TextTemplate;
  readonly details?: EventLayout;
  readonly layout?: EventLayout;
}

/**
 * Reads which bus is meant.
 * @throws DeliveryError (permanent, InvalidConfig) for what is no bus, for a source of AWS and for two layouts.
 */
export function readBus({ eventBusName = '', ...rest }: BusConfig): Bus {
  checkRest(rest);
  const name = eventBusName === '' ? 'default' : eventBusName;
  const arn = parseArn(name);
  if (arn?.service === 'events' && arn.resource.startsWith('event-bus/')) {
    return { name, region: arn.region, target: `event bus "${arn.resource.replace('event-bus/', '')}"` };
  }
  if (arn === undefined && /^[A-Za-z0-9/_.-]{1,256}$/.test(name))
    return { name, target: `event bus "${name}"` };
  throw invalid(
    `${JSON.stringify(name.slice(0, 100))} is no name of an event bus: letters, digits, slashes, dots, hyphens and ` +
      'underscores, or its ARN, arn:aws:events:REGION:ACCOUNT:event-bus/NAME',
  );
}

function checkRest({ source, details, layout }: BusConfig): void {
  if (source.constant?.startsWith('aws.') === true) {
    throw invalid('source begins with aws., which EventBridge takes from the services of AWS alone');
  }
  if (details !== undefined && layout !== undefined) {
    throw invalid('sets both `details` and `layout`, which mean the same; keep one of them');
  }
}

function invalid(message: string): DeliveryError {
  return DeliveryError.permanent(message, 'InvalidConfig');
}

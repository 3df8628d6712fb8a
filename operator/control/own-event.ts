import { type Condition } from '../status/condition.ts';
import { type OwnEvent } from './world.ts';

/** Reasons of an unready object that are about its deliveries and not about its specification. */
const deliveryReasons: ReadonlySet<string> = new Set([
  'Unreachable',
  'Timeout',
  'TLSFailed',
  'Unauthorized',
  'Forbidden',
  'TargetNotFound',
  'Throttled',
  'ServerError',
  'Rejected',
  'PayloadTooLarge',
  'RenderFailed',
  'AddressNotAllowed',
  'ReceiverNotReady',
]);

/** The Event that tells the users of an object that its `Ready` condition changed; undefined when it did not. */
export function ownEventOf(
  before: Condition | undefined,
  after: Condition | undefined,
): OwnEvent | undefined {
  if (after === undefined || after.status === 'Unknown') return undefined;
  if (before?.status === after.status && isDelivery(before) === isDelivery(after)) return undefined;
  const { message } = after;
  if (after.status !== 'True') {
    return {
      type: after.reason === 'Suspended' ? 'Normal' : 'Warning',
      reason: isDelivery(after) ? 'DeliveryFailing' : after.reason,
      message,
    };
  }
  if (!isDelivery(before)) return { type: 'Normal', reason: 'Ready', message };
  return { type: 'Normal', reason: 'DeliveryRecovered', message: 'Deliveries succeed again' };
}

function isDelivery(condition: Condition | undefined): boolean {
  return condition !== undefined && condition.status !== 'True' && deliveryReasons.has(condition.reason);
}

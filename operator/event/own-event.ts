import { type ClusterEvent } from './cluster-event.ts';

/** The reportingController of the Events that the operator itself writes. */
export const ownReportingController = 'eventroute.dev/controller';

/** Tells whether the operator itself wrote the event: such events about our objects must not feed back into routing. */
export function isOwnEvent(event: ClusterEvent): boolean {
  return event.reportingController === ownReportingController;
}

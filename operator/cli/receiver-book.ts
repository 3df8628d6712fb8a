import { eventReceiverKind } from '../api/event-receiver.ts';
import { readColumn } from '../api/printer-column.ts';
import { type CustomResource, keyText, type ObjectKey } from '../api/resource.ts';
import { printable } from '../routing/drawing.ts';
import type { ReceiverStatus } from '../status/receiver-status.ts';
import type { RouteReceiver } from '../status/route-status.ts';
import { healthOf, isHealthy } from './health.ts';
import type { Inventory } from './inventory.ts';
import type { Paint } from './paint.ts';

/** What is known of receivers: from themselves, or from the status of routes that name them. */
export interface ReceiverBook {
  /** Says in a line how a receiver is; its name is the first word. */
  describe(key: ObjectKey, seenFrom?: { readonly route: CustomResource }): string;
}

type Receiver = CustomResource<ReceiverStatus>;

const lastSuccess = eventReceiverKind.columns.find(({ name }) => name === 'Last Success');

/** Creates the book of an inventory's receivers. */
export function createReceiverBook(
  { receivers, routes, isWhole }: Inventory,
  { now, paint }: { readonly now: Date; readonly paint: Paint },
): ReceiverBook {
  const byKey = new Map(receivers.map((receiver) => [keyText(receiver.metadata), receiver]));
  const told = new Map(
    routes.map((route) => [
      keyText(route.metadata),
      new Map((route.status?.receivers ?? []).map((receiver) => [receiver.name, receiver])),
    ]),
  );

  const describeObject = (receiver: Receiver, hearsay?: RouteReceiver): string => {
    const { status, reason } = healthOf(receiver);
    const counts = paint(printable(countsOf(receiver, now)), 'faint');
    // the receiver may be well, and the route not be let in
    const isRefused = hearsay?.reason === 'RefNotPermitted';
    if (isHealthy(receiver) && !isRefused) return `${paint('ready', 'good')} ${counts}`;
    const why = printable(isRefused ? hearsay.reason : reason);
    return `${paint(`not ready (${why})`, status === 'Unknown' ? 'doubtful' : 'bad')} ${counts}`;
  };

  const describeHearsay = ({ ready, reason, pending }: RouteReceiver): string => {
    const verdict = ready ? paint('ready', 'good') : paint(printable(`not ready (${reason})`), 'bad');
    return `${verdict} ${paint(`pending ${pending}`, 'faint')}`;
  };

  return {
    describe(key, seenFrom) {
      const name = keyText(key);
      const hearsay = seenFrom && told.get(keyText(seenFrom.route.metadata))?.get(name);
      const receiver = byKey.get(name);
      if (receiver !== undefined) return `${printable(name)} ${describeObject(receiver, hearsay)}`;
      if (hearsay !== undefined && !isWhole) return `${printable(name)} ${describeHearsay(hearsay)}`;
      const unknown = isWhole
        ? paint('there is no such EventReceiver', 'bad')
        : paint('not told: the receiver may not be read, and the route does not say', 'doubtful');
      return `${printable(name)} ${unknown}`;
    },
  };
}

function countsOf(receiver: Receiver, now: Date): string {
  const { status = {} } = receiver;
  const since = lastSuccess === undefined ? '' : readColumn(lastSuccess, receiver, now);
  const { delivered = 0, failed = 0, dropped = 0, pending = 0 } = status;
  return [
    status.sink ?? 'unknown sink',
    `delivered ${delivered}`,
    `failed ${failed}`,
    ...(dropped === 0 ? [] : [`dropped ${dropped}`]),
    `pending ${pending}`,
    since === '' ? 'never delivered' : `last delivered ${since} ago`,
  ].join(', ');
}

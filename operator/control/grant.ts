import { type AllowedRoutes } from '../api/event-receiver.ts';
import { selects } from '../api/label-selector.ts';
import { type World } from './world.ts';

/** Whether a receiver lets the EventRoutes of a namespace in, as its `allowedRoutes` says. */
export async function lets(
  allowed: AllowedRoutes,
  namespaces: { readonly route: string; readonly receiver: string },
  world: Pick<World, 'namespaceLabels'>,
): Promise<boolean> {
  if (namespaces.route === namespaces.receiver) return true;
  const { from = 'Same', selector = {} } = allowed.namespaces ?? {};
  switch (from) {
    case 'Same':
      return false;
    case 'All':
      return true;
    case 'Selector':
      return selects(selector, await world.namespaceLabels(namespaces.route));
  }
}

import { type AllowedRoutes } from '../api/event-receiver.ts';
import { selects } from '../api/label-selector.ts';
import { type World } from './world.ts';

/** Whether a receiver lets the EventRoutes of a namespace in, as its `allowedRoutes` says. */
export async function lets(
  allowed: AllowedRoutes,
  namespaces: { readonly route: string; readonly receiver: string },
  labelsOf: World['namespaceLabels'],
): Promise<boolean> {
  if (namespaces.route === namespaces.receiver) return true;
  const { from = 'Same', selector } = allowed.namespaces ?? {};
  switch (from) {
    case 'Same':
      return false;
    case 'All':
      return true;
    case 'Selector':
      // without a selector it lets nobody in, as elsewhere in Kubernetes; the validation asks for one
      return selector !== undefined && selects(selector, await labelsOf(namespaces.route));
  }
}

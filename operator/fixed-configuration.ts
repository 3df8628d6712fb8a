import { type Control } from './control/control.ts';
import { type World } from './control/world.ts';
import { type Occurrence } from './event/occurrence.ts';
import { type Controllers } from './kube/controllers.ts';
import { type Metrics } from './telemetry/metrics.ts';

/** A configuration that the operator runs on instead of the EventRoutes and EventReceivers of the API server. */
export interface FixedConfiguration {
  /** The only namespace whose Events are watched; undefined for all. */
  readonly namespace: string | undefined;
  /** Involved objects are not looked up. */
  readonly omitsLookUp: boolean;
  /** Tells which occurrences are taken in. */
  readonly takes: (occurrence: Occurrence) => boolean;
  /** Makes the world of the objects, which stand in the root namespace. */
  world(rootNamespace: string): World;
  /** Hands the objects to the control. */
  start(control: Control, rootNamespace: string): Pick<Controllers, 'synced' | 'stop'>;
  /** Adds the metrics that go with it. */
  extend(metrics: Metrics): Metrics;
}

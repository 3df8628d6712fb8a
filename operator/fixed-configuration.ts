import { type Control } from './control/control.ts';
import { type World } from './control/world.ts';
import { type Occurrence } from './event/occurrence.ts';
import { type Controllers } from './kube/controllers.ts';
import { type ClusterSourceOptions } from './source/cluster-source.ts';
import { type Metrics } from './telemetry/metrics.ts';

/** A configuration that the operator runs on instead of the EventRoutes and EventReceivers of the API server. */
export interface FixedConfiguration {
  /** The only namespace whose Events are watched; undefined for all. */
  readonly namespace: string | undefined;
  /** Involved objects are not looked up. */
  readonly omitsLookUp: boolean;
  /** Tells which occurrences are taken in; hears of those, too, that the source left out. */
  readonly takes: (occurrence: Occurrence) => boolean;
  /** Makes the world of the objects, which stand in the root namespace. */
  world(rootNamespace: string): World;
  /** Hands the objects to the control. */
  start(control: Control, rootNamespace: string): Pick<Controllers, 'synced' | 'stop'>;
  /** Adds the metrics that go with it. */
  extend(metrics: Metrics): Metrics;
}

/** Gives the part of a source's options that says what is taken in, and by whom. */
export function intakeOf(
  fixed: FixedConfiguration | undefined,
  dispatch: (occurrence: Occurrence) => void,
): Pick<ClusterSourceOptions, 'namespace' | 'resume' | 'onOccurrence' | 'onDropped'> {
  if (fixed === undefined) return { onOccurrence: dispatch };
  return {
    namespace: fixed.namespace,
    // the exporter takes what the first list holds, too, as far as it is not too old
    resume: '0',
    onOccurrence: (occurrence) => {
      if (fixed.takes(occurrence)) dispatch(occurrence);
    },
    // what was left out was seen all the same
    onDropped: (occurrence) => void fixed.takes(occurrence),
  };
}

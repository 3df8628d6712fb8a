import { keyText, type CustomResource } from '../api/resource.ts';
import { type World } from '../control/world.ts';
import { type Conversion } from '../exporter/conversion.ts';
import { createIntakeFilter } from '../exporter/intake-filter.ts';
import { type FixedConfiguration } from '../fixed-configuration.ts';
import { type Condition } from '../status/condition.ts';
import { type Log } from '../telemetry/log.ts';
import { toManifests, withMadeSecrets } from './exporter-manifests.ts';
import { withExporterMetrics } from './exporter-metrics.ts';
import { createMemoryWorld } from './memory-world.ts';

/** Makes what the operator runs on of an exporter's file; the statuses of its objects go to the log. */
export function toFixedConfiguration(conversion: Conversion, log: Log): FixedConfiguration {
  const { options } = conversion;
  const standing = (namespace: string): Conversion => withNamespace(conversion, namespace);
  return {
    namespace: options.namespace === '' ? undefined : options.namespace,
    omitsLookUp: options.omitLookup,
    // the age is judged where events arrive
    takes: createIntakeFilter({ options }),
    world(rootNamespace) {
      const made = standing(rootNamespace);
      return withLoggedStatus(withMadeSecrets(createMemoryWorld(toManifests(made), log), made), log);
    },
    start(control, rootNamespace) {
      const { receivers, routes } = toManifests(standing(rootNamespace));
      const apply = async (): Promise<void> => {
        for (const receiver of receivers) await control.applyReceiver(receiver as CustomResource<never>);
        for (const route of routes) await control.applyRoute(route as CustomResource<never>);
      };
      return { synced: apply(), stop: () => Promise.resolve() };
    },
    extend: (metrics) => withExporterMetrics(metrics, options.metricsNamePrefix),
  };
}

function withNamespace(conversion: Conversion, namespace: string): Conversion {
  const stand = (object: CustomResource): CustomResource => ({
    ...object,
    metadata: { ...object.metadata, namespace },
  });
  return {
    ...conversion,
    route: stand(conversion.route),
    receivers: conversion.receivers.map((made) => ({ ...made, object: stand(made.object) })),
  };
}

/** There is no object whose status anybody could look at, so changes of it are told in the log. */
function withLoggedStatus<W extends World>(world: W, log: Log): W {
  const told = new Map<string, string>();
  return {
    ...world,
    writeStatus(object, status) {
      const { conditions = [] } = status as { readonly conditions?: readonly Condition[] };
      const ready = conditions.find(({ type }) => type === 'Ready');
      const id = `${object.kind} ${keyText(object.metadata)}`;
      const state = `${ready?.status ?? ''} ${ready?.reason ?? ''}`;
      if (ready !== undefined && told.get(id) !== state) {
        told.set(id, state);
        const fields = { object: id, reason: ready.reason, detail: ready.message };
        if (ready.status === 'False') log.warn('Found an object not ready', fields);
        else log.info('Judged an object', { ...fields, ready: ready.status });
      }
      return world.writeStatus(object, status);
    },
  };
}

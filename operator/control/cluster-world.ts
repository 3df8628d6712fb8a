import { apiGroup, apiVersion, type ResourceKind } from '../api/resource.ts';
import { eventReceiverKind } from '../api/event-receiver.ts';
import { eventRouteKind } from '../api/event-route.ts';
import { type KubeClient } from '../kube/client.ts';
import { type EventRecorder } from '../kube/event-recorder.ts';
import { isKubeFailure } from '../kube/kube-error.ts';
import { getSecret } from '../kube/secrets.ts';
import { createStatusWriter, type StatusWriter } from '../kube/status-writer.ts';
import { type KubeObject } from '../kube/kube-object.ts';
import { type Log } from '../telemetry/log.ts';
import { type World } from './world.ts';

/** Makes the API server the controllers' world. */
export function createClusterWorld(client: KubeClient, recorder: EventRecorder, log: Log): World {
  const writers: Readonly<Record<string, StatusWriter>> = {
    [eventReceiverKind.kind]: statusWriter(client, eventReceiverKind),
    [eventRouteKind.kind]: statusWriter(client, eventRouteKind),
  };
  return {
    async secret({ namespace, name }) {
      try {
        return await getSecret(client, namespace, name);
      } catch (error) {
        // for the receiver it is the same as a Secret that is not there; its condition says so
        if (!isKubeFailure(error, 'forbidden')) throw error;
        log.warn('May not read a Secret: the ServiceAccount needs the verb get on it', { namespace, name });
        return undefined;
      }
    },
    async namespaceLabels(namespace) {
      try {
        const { metadata } = await client.request<KubeObject>(
          'GET',
          `/api/v1/namespaces/${encodeURIComponent(namespace)}`,
        );
        return metadata.labels ?? {};
      } catch (error) {
        if (isKubeFailure(error, 'notFound')) return {};
        throw error;
      }
    },
    async writeStatus({ kind, metadata }, status) {
      return (await writers[kind]?.write(metadata, status)) ?? 'gone';
    },
    recordEvent({ kind, metadata }, { type, reason, message }) {
      recorder.record({
        object: { apiVersion: `${apiGroup}/${apiVersion}`, kind, ...metadata },
        type,
        reason,
        message,
      });
    },
  };
}

function statusWriter(client: KubeClient, { kind, plural }: ResourceKind): StatusWriter {
  return createStatusWriter({
    client,
    group: apiGroup,
    version: apiVersion,
    kind,
    plural,
    fieldManager: 'eventroute',
  });
}

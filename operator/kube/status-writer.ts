import { type KubeClient } from './api-client.ts';
import { isKubeFailure } from './kube-error.ts';
import { type KubeObject, resourcePath, type ResourceName } from './kube-object.ts';

/** Whose status is written, and under which name. */
export interface StatusWriterOptions extends ResourceName {
  readonly client: Pick<KubeClient, 'request'>;
  readonly kind: string;
  /** Owns the fields that are written; fields it no longer writes are removed. @default `eventroute` */
  readonly fieldManager?: string;
}

/** What is known of the object whose status is written. */
interface StatusTarget {
  readonly namespace: string;
  readonly name: string;
  /** Tells the object from another that was made under its name later. */
  readonly uid?: string | undefined;
}

/** Writes the status of objects of one kind. */
export interface StatusWriter {
  /** Writes the whole status; `gone` when the object is no longer there. Throws KubeError when it is to be tried again. */
  write(target: StatusTarget, status: object): Promise<'written' | 'gone'>;
}

/** Creates a writer by server-side apply on the status subresource: no read before, no conflict with other writers. */
export function createStatusWriter(options: StatusWriterOptions): StatusWriter {
  const { client, group, version, plural, kind, fieldManager = 'eventroute' } = options;
  return {
    async write({ namespace, name, uid }, status) {
      const path = resourcePath({ group, version, plural }, { namespace, name });
      try {
        const { metadata } = await client.request<KubeObject>('PATCH', `${path}/status`, {
          query: { fieldManager, force: true },
          // JSON is YAML.
          contentType: 'application/apply-patch+yaml',
          body: {
            apiVersion: group === '' ? version : `${group}/${version}`,
            kind,
            metadata: { name, namespace },
            status,
          },
        });
        // The status subresource does not judge a uid that it is given. What the successor got of us here, its own
        // status replaces.
        return uid === undefined || metadata.uid === uid ? 'written' : 'gone';
      } catch (thrown) {
        if (isKubeFailure(thrown, 'notFound')) return 'gone';
        throw thrown;
      }
    },
  };
}

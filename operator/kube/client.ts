import { createApiClient, type KubeClient } from './api-client.ts';
import { type Log } from '../telemetry/log.ts';
import { loadCredentials } from './kubeconfig.ts';

export { type KubeClient, type KubeRequestOptions } from './api-client.ts';

/** Where the API server is and how the client names itself. */
export interface KubeClientOptions {
  /** The path of a kubeconfig; else KUBECONFIG, the Pod's ServiceAccount, `~/.kube/config`. */
  readonly kubeconfig?: string | undefined;
  readonly context?: string | undefined;
  /** @default `eventroute` */
  readonly userAgent?: string;
  readonly log: Log;
}

/** Creates the client of the API server; throws a KubeError that says what to do when there is no way to one. */
export function createKubeClient(options: KubeClientOptions): KubeClient {
  const { kubeconfig, context, log, userAgent = 'eventroute' } = options;
  return createApiClient({ credentials: loadCredentials({ kubeconfig, context }), userAgent, log });
}

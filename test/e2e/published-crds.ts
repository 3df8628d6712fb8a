import { type Cluster } from '../cluster/cluster.ts';
import { eventually } from './eventually.ts';

/**
 * Waits until the API server publishes our kinds in discovery and OpenAPI, by which kubectl works: it does so some time
 * after the CRDs are established.
 */
export async function waitUntilPublished(cluster: Cluster): Promise<void> {
  const paths = ['/apis/eventroute.dev/v1beta1', '/openapi/v3/apis/eventroute.dev/v1beta1'];
  const check = async (): Promise<void> => {
    for (const path of paths) {
      const { text } = await cluster.request(path);
      const missing = ['EventRoute', 'EventReceiver'].filter((kind) => !text.includes(`"${kind}"`));
      if (missing.length > 0) throw new Error(`${path} does not tell of ${missing.join(' and ')} yet`);
    }
  };
  await eventually(check, { timeoutMs: 60_000 });
}

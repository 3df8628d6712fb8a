import { type Cluster } from '../cluster/cluster.ts';
import { eventually } from './eventually.ts';

/** Where kubectl learns of our kinds, and the words that tell it. */
const publications: Readonly<Record<string, readonly string[]>> = {
  '/apis/eventroute.dev/v1beta1': ['"EventRoute"', '"EventReceiver"'],
  '/openapi/v3': ['"apis/eventroute.dev/v1beta1"'],
  '/openapi/v3/apis/eventroute.dev/v1beta1': ['"EventRoute"', '"EventReceiver"'],
};

/**
 * Waits until the API server publishes our kinds in discovery and OpenAPI, by which kubectl works: it does so some time
 * after the CRDs are established.
 */
export async function waitUntilPublished(cluster: Cluster): Promise<void> {
  const check = async (): Promise<void> => {
    for (const [path, words] of Object.entries(publications)) {
      const { text } = await cluster.request(path);
      const missing = words.filter((word) => !text.includes(word));
      if (missing.length > 0) throw new Error(`${path} does not tell of ${missing.join(' and ')} yet`);
    }
  };
  await eventually(check, { timeoutMs: 60_000 });
}

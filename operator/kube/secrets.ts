import { type KubeClient } from './api-client.ts';
import { isKubeFailure } from './kube-error.ts';
import { type KubeObject, resourcePath } from './kube-object.ts';

interface Secret extends KubeObject {
  readonly data?: Readonly<Record<string, string>>;
}

/** Reads a Secret, decoded as UTF-8; undefined when there is none. Needs the verb `get` alone. Throws KubeError. */
export async function getSecret(
  client: Pick<KubeClient, 'request'>,
  namespace: string,
  name: string,
): Promise<Readonly<Record<string, string>> | undefined> {
  const path = resourcePath({ group: '', version: 'v1', plural: 'secrets' }, { namespace, name });
  try {
    const { data = {} } = await client.request<Secret>('GET', path);
    return Object.fromEntries(
      Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString('utf8')]),
    );
  } catch (thrown) {
    if (isKubeFailure(thrown, 'notFound')) return undefined;
    throw thrown;
  }
}

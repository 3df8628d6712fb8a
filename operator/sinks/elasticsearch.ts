import type { Static } from '@sinclair/typebox';

import {
  createHttpClient,
  createTlsOptions,
  defineSink,
  DeliveryError,
  Secret,
  type SinkContext,
  Text,
  Type,
  withRedaction,
} from '../sink-kit/index.ts';
import { closable } from './closable.ts';
import { checkPrivilege } from './elasticsearch-privileges.ts';
import { userAuthorization } from './search-auth.ts';
import { createBulkSender } from './search-bulk.ts';
import { checkIndex } from './search-check.ts';
import { createDocumentEncoder } from './search-document.ts';
import { searchDefaults, searchFields } from './search-fields.ts';
import { searchHeaders, secretsInHeaders } from './search-headers.ts';
import { readHosts, type SearchHosts } from './search-hosts.ts';

const config = Type.Object({
  ...searchFields,
  cloudID: Type.Optional(
    Text({
      description: 'The Cloud ID of a deployment in Elastic Cloud, instead of `hosts`.',
      examples: ['logs:ZXUtY2VudHJhbC0xLmF3cy5jbG91ZC5lcy5pbyRhYmM='],
    }),
  ),
  apiKey: Type.Optional(
    Secret({ description: 'An API key: in its encoded form, or as `id:key`. It goes before `username`.' }),
  ),
  type: Type.Optional(
    Text({ description: 'The mapping type, for Elasticsearch 6 and before; later versions have none.' }),
  ),
});

type Config = Static<typeof config>;

/** Indexes events in Elasticsearch 7, 8 and 9, and in Elastic Cloud. */
export default defineSink({
  summary: 'Indexes events in Elasticsearch.',
  config,
  example: {
    hosts: ['https://logs.example.com:9200'],
    indexFormat: 'kube-events-{2006-01-02}',
    apiKeySecretRef: { name: 'elasticsearch', key: 'apiKey' },
    tls: { secretRef: { name: 'elasticsearch-ca' } },
  },
  defaults: searchDefaults,
  async open(settings, context) {
    const documents = createDocumentEncoder(settings);
    const hosts = readHosts(settings.hosts ?? []);
    const target = targetOf(settings, hosts);
    const headers = searchHeaders(settings, context.warn);
    const authorization = authorizationOf(settings, hosts, context) ?? headers.authorization;
    const tls = createTlsOptions(settings.tls);
    // Elastic's client is loaded with the first receiver that opens: it is a quarter of the operator's memory.
    const { createElasticsearchClient } = await import('./elasticsearch-client.ts');
    const client = createElasticsearchClient({
      http: await createHttpClient({ tls, isAddressAllowed: context.isAddressAllowed }),
      target,
      headers: { ...headers, ...(authorization !== undefined && { authorization }) },
      compression: (settings.compression ?? ('cloudID' in target ? 'Gzip' : 'None')) === 'Gzip',
      type: settings.type ?? '',
      warn: context.warn,
    });
    const privilege = documents.identity === 'Event' ? 'index' : 'create_doc';
    return withRedaction(
      closable({
        endpoint: client.endpoint,
        encode: (event) => documents.encode(event),
        send: createBulkSender(client, { product: 'Elasticsearch', warn: context.warn }),
        check: async (signal) => {
          await client.probe(signal);
          const name = documents.indexAt(new Date());
          if (name === undefined) return;
          await checkPrivilege(client, { name, privilege }, signal);
          await checkIndex(client, name, signal);
        },
        close: () => client.close(),
      }),
      [...hosts.secrets, ...secretsInHeaders(settings)],
    );
  },
});

function targetOf(
  { cloudID = '' }: Config,
  { urls }: SearchHosts,
): { readonly nodes: readonly URL[] } | { readonly cloudID: string } {
  if (cloudID === '' && urls.length === 0) throw invalid('names no server: set `hosts` or `cloudID`');
  if (cloudID === '') return { nodes: urls };
  if (urls.length === 0) return { cloudID };
  throw invalid('sets both `hosts` and `cloudID`; keep one of them');
}

function authorizationOf(settings: Config, hosts: SearchHosts, { warn }: SinkContext): string | undefined {
  const { apiKey, username = '', bearer } = settings;
  if (apiKey === undefined) return userAuthorization(settings, hosts);
  if (bearer !== undefined) throw invalid('sets both `bearer` and `apiKey`; keep one of them');
  if (username !== '') warn('username and password are not used: `apiKey` goes before them');
  return `ApiKey ${apiKey.includes(':') ? Buffer.from(apiKey).toString('base64') : apiKey}`;
}

function invalid(message: string): DeliveryError {
  return DeliveryError.permanent(message, 'InvalidConfig');
}

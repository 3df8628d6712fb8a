import type { Static } from '@sinclair/typebox';

import {
  createHttpClient,
  createTlsOptions,
  defineSink,
  DeliveryError,
  type SinkContext,
  Text,
  Type,
  withRedaction,
} from '../sink-kit/index.ts';
import { closable } from './closable.ts';
import { awsBlock, awsServiceOf, openSigner } from './opensearch-aws.ts';
import { createOpenSearchClient } from './opensearch-client.ts';
import { userAuthorization } from './search-auth.ts';
import { createBulkSender } from './search-bulk.ts';
import { checkIndex } from './search-check.ts';
import { type SearchClient } from './search-client.ts';
import { createDocumentEncoder } from './search-document.ts';
import { searchDefaults, searchFields } from './search-fields.ts';
import { searchHeaders, secretsInHeaders } from './search-headers.ts';
import { readHosts, type SearchHosts } from './search-hosts.ts';

const config = Type.Object({
  ...searchFields,
  aws: awsBlock,
  type: Type.Optional(Text({ description: 'Not used: OpenSearch has no mapping types.' })),
});

type Config = Static<typeof config>;

/** Indexes events in OpenSearch 1, 2 and 3, and in Amazon OpenSearch Service and Serverless. */
export default defineSink({
  summary: 'Indexes events in OpenSearch.',
  config,
  example: {
    hosts: ['https://search-events-abc.eu-central-1.es.amazonaws.com'],
    indexFormat: 'kube-events-{2006-01-02}',
    aws: { roleArn: 'arn:aws:iam::123456789012:role/eventroute' },
  },
  defaults: searchDefaults,
  async open(settings, context) {
    const documents = createDocumentEncoder(settings);
    const hosts = readHosts(settings.hosts ?? []);
    if (settings.type) context.warn(`type ${settings.type} is not used: OpenSearch has no mapping types`);
    const client = await connect(settings, hosts, context);
    return withRedaction(
      closable({
        endpoint: client.endpoint,
        encode: (event) => documents.encode(event),
        send: createBulkSender(client, { product: 'OpenSearch', warn: context.warn }),
        check: async (signal) => {
          await client.probe(signal);
          const name = documents.indexAt(new Date());
          if (name !== undefined) await checkIndex(client, name, signal);
        },
        close: () => client.close(),
      }),
      [...hosts.secrets, ...secretsInHeaders(settings)],
    );
  },
});

async function connect(settings: Config, hosts: SearchHosts, context: SinkContext): Promise<SearchClient> {
  const { aws, tls, compression = 'None' } = settings;
  const [node] = hosts.urls;
  if (node === undefined) throw invalid('names no server: set `hosts`');
  const authorization = userAuthorization(settings, hosts);
  if (aws !== undefined && authorization !== undefined) {
    throw invalid('sets `aws` beside a user or `bearer`; keep one of them');
  }
  const headers = {
    ...searchHeaders(settings, context.warn),
    ...(authorization !== undefined && { authorization }),
  };
  return createOpenSearchClient({
    http: await createHttpClient({ tls: createTlsOptions(tls), isAddressAllowed: context.isAddressAllowed }),
    nodes: hosts.urls,
    headers,
    compression,
    signer: aws && (await openSigner(aws, { node, tls }, context)),
    filters: aws === undefined || awsServiceOf(node, aws) !== 'aoss',
  });
}

function invalid(message: string): DeliveryError {
  return DeliveryError.permanent(message, 'InvalidConfig');
}

import { DeliveryError, headerOf } from '../sink-kit/index.ts';
import { type SearchAnswer } from './search-client.ts';
import { strangeAnswer } from './search-failure.ts';

/** What is known of the server. */
export interface ElasticsearchProduct {
  /** What actions have to name as `_type`; servers since version 7 want none. */
  readonly mappingType: string | undefined;
}

interface Root {
  readonly tagline?: unknown;
  readonly version?: { readonly number?: unknown; readonly distribution?: unknown };
}

/**
 * Finds out whether a server is Elasticsearch. Versions since 7.14 say so in a header of every answer to a user they know;
 * others are asked for their root. One that only may not be asked passes: something on the way may have taken the header off.
 * @param type the user's mapping type, for servers that have such.
 * @throws DeliveryError when it is OpenSearch, or nothing of the kind.
 */
export async function recognizeElasticsearch(
  answer: SearchAnswer,
  { root, type }: { readonly root: () => Promise<SearchAnswer>; readonly type: string },
): Promise<ElasticsearchProduct> {
  if (headerOf(answer, 'x-elastic-product') === 'Elasticsearch') return { mappingType: undefined };
  const told = await root();
  const { tagline, version } = (told.body ?? {}) as Root;
  if (isOpenSearch({ tagline, version })) {
    throw DeliveryError.retry(
      `${told.endpoint} is OpenSearch${numberOf(version)}, not Elasticsearch: use the receiver \`opensearch\` for it`,
      'InvalidConfig',
    );
  }
  if (told.status === 200 && version === undefined) throw strangeAnswer(told, 'Elasticsearch');
  const major = Number(/^ (\d+)\./.exec(numberOf(version))?.[1] ?? '7');
  return { mappingType: major < 7 ? type || '_doc' : undefined };
}

/** Domains of AWS may give the version number of Elasticsearch for the sake of its clients, but keep their tagline. */
function isOpenSearch({ tagline, version }: Root): boolean {
  return (
    version?.distribution === 'opensearch' || (typeof tagline === 'string' && tagline.includes('OpenSearch'))
  );
}

function numberOf(version: Root['version']): string {
  return typeof version?.number === 'string' ? ` ${version.number}` : '';
}

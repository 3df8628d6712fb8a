import { basicAuthorization, DeliveryError } from '../sink-kit/index.ts';

/** The nodes of a cluster as the user wrote them, without the user info of their URLs. */
export interface SearchHosts {
  readonly urls: readonly URL[];
  /** An Authorization header out of user info; undefined when there is none. */
  readonly authorization: string | undefined;
  /** What must not be shown of them. */
  readonly secrets: readonly string[];
}

/**
 * Reads the URLs of a cluster's nodes; each is kept once.
 * @throws DeliveryError (permanent, InvalidConfig), without the URL: it may hold a password.
 */
export function readHosts(hosts: readonly string[]): SearchHosts {
  const parsed = hosts.map((text, at) => parse(text.trim(), at));
  const users = new Set(
    parsed.map(({ username, password }) => (username === '' ? '' : `${username}:${password}`)),
  );
  users.delete('');
  if (users.size > 1) {
    throw invalid('hosts holds more than one user name: set `username` and `password` once, beside it');
  }
  const [first] = parsed.filter(({ username }) => username !== '');
  const bare = parsed.map((url) => {
    const copy = new URL(url);
    copy.username = '';
    copy.password = '';
    return copy;
  });
  return {
    urls: [...new Map(bare.map((url) => [url.href, url])).values()],
    authorization: first && basicAuthorization(decode(first.username), decode(first.password)),
    secrets: first === undefined ? [] : [decode(first.password)],
  };
}

/** Puts a path, and a query, behind the URL of a node, which may have a path of its own. */
export function urlAt(node: URL, path: string, query = ''): URL {
  const url = new URL(node);
  url.pathname = `${node.pathname.replace(/\/+$/, '')}${path}`;
  url.search = query;
  return url;
}

function parse(text: string, at: number): URL {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw invalid(`hosts[${at}] is no URL that begins with http:// or https:// and a host`);
  }
  if (url.search !== '' || url.hash !== '') {
    throw invalid(`hosts[${at}] has a query or a fragment: give the URL of the node alone`);
  }
  return url;
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function invalid(message: string): DeliveryError {
  return DeliveryError.permanent(message, 'InvalidConfig');
}

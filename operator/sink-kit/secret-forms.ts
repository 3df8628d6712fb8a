/** Shorter secrets are not searched for: they would mask ordinary words. */
const shortest = 4;
/** From this length on, a part of a URL's path is taken for a credential, as in the URLs of Slack's webhooks. */
const shortestSegment = 12;

/** Lists the forms in which a secret can turn up in a text: as it is, escaped for URLs and JSON, in Base64. */
export function secretForms(secret: string): string[] {
  const parts = [secret, ...partsOfUrl(secret), ...secret.split(/[\r\n]+/)].filter(
    (part) => part.trim().length >= shortest,
  );
  return [...new Set(parts)].flatMap((part) => [...escapedForms(part), ...base64Forms(part)]);
}

function escapedForms(text: string): string[] {
  const escaped = encodeURIComponent(text.toWellFormed());
  return [
    text,
    escaped,
    escaped.replaceAll('%20', '+'),
    encodeURI(text.toWellFormed()),
    JSON.stringify(text).slice(1, -1),
  ];
}

/**
 * The Base64 of a text that holds the secret somewhere, as in `Basic base64(user:password)`: for each of the three
 * alignments, the characters that depend on the secret alone.
 */
function base64Forms(secret: string): string[] {
  const bytes = Buffer.from(secret, 'utf8');
  const cores = [0, 1, 2].map((offset) => {
    const encoded = Buffer.concat([Buffer.alloc(offset), bytes]).toString('base64');
    return encoded.slice(Math.ceil((offset * 8) / 6), Math.floor(((offset + bytes.length) * 8) / 6));
  });
  return cores
    .filter((core) => core.length >= shortest)
    .flatMap((core) => [core, core.replaceAll('+', '-').replaceAll('/', '_')]);
}

/** A URL that is a secret is one by its user info, path or query; its host is shown to people. */
function partsOfUrl(secret: string): string[] {
  const url = /^[a-z][a-z0-9+.-]*:\/\//i.test(secret) ? URL.parse(secret) : null;
  if (url === null) return [];
  const path = `${url.pathname}${url.search}`;
  const decoded = [url.username, url.password].map(decode);
  return [
    ...decoded,
    ...(path.length >= shortestSegment ? [path] : []),
    ...(url.pathname.length >= shortestSegment ? [url.pathname] : []),
    ...url.pathname.split('/').filter((segment) => segment.length >= shortestSegment),
    ...url.searchParams.values(),
  ];
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

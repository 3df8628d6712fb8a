import { isIPv6 } from 'node:net';
import { decodeBytes, encodeText } from '../go-string.ts';
import { GoError } from '../template-error.ts';

/** The parts of a URL as Go's net/url has them, decoded. */
export interface GoUrl {
  readonly scheme: string;
  readonly opaque: string;
  readonly userinfo: string | undefined;
  readonly host: string;
  readonly path: string;
  readonly query: string;
  readonly fragment: string;
}

type Part = 'path' | 'user' | 'host' | 'zone' | 'fragment';

const unreserved = 'A-Za-z0-9\\-_.~';
const plain: Readonly<Record<Part, RegExp>> = {
  path: new RegExp(`^[${unreserved}$&+/:=@;,]$`),
  user: new RegExp(`^[${unreserved}$&+,;=]$`),
  host: new RegExp(`^[${unreserved}!$&'()*+,;=:[\\]<>"]$`),
  zone: new RegExp(`^[${unreserved}!$&'()*+,;=:[\\]<>"]$`),
  fragment: new RegExp(`^[${unreserved}$&+,/:;=?@!()*]$`),
};

/** Escapes what may not stand in a part of a URL. */
function escapePart(text: string, part: Part): string {
  return Array.from(encodeText(text), (byte) => {
    const char = String.fromCharCode(byte);
    return plain[part].test(char) ? char : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }).join('');
}

function checkEscape(text: string, at: number, part: Part): number {
  const pair = text.slice(at + 1, at + 3);
  if (!/^[0-9a-fA-F]{2}$/.test(pair)) {
    throw new GoError(`invalid URL escape ${JSON.stringify(text.slice(at, at + 3))}`);
  }
  const byte = parseInt(pair, 16);
  const allowed =
    pair === '25' ||
    byte >= 0x80 ||
    (part === 'zone' && (byte === 0x20 || plain.host.test(String.fromCharCode(byte))));
  if ((part === 'host' || part === 'zone') && !allowed) throw new GoError(`invalid URL escape "%${pair}"`);
  return byte;
}

function unescape(text: string, part: Part): string {
  const bytes = encodeText(text);
  const result: number[] = [];
  const latin = bytes.toString('latin1');
  for (let at = 0; at < latin.length; at += 1) {
    const byte = bytes[at] ?? 0;
    if (byte === 0x25) {
      result.push(checkEscape(latin, at, part));
      at += 2;
      continue;
    }
    if ((part === 'host' || part === 'zone') && byte < 0x80 && !plain[part].test(latin.charAt(at))) {
      throw new GoError(`invalid character ${JSON.stringify(latin.charAt(at))} in host name`);
    }
    result.push(byte);
  }
  return decodeBytes(Uint8Array.from(result));
}

const cut = (text: string, separator: string): readonly [string, string] => {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + separator.length)];
};

function cutScheme(text: string): readonly [string, string] {
  if (text.startsWith(':')) throw new GoError('missing protocol scheme');
  const match = /^([A-Za-z][A-Za-z0-9+.-]*):/.exec(text);
  return match === null ? ['', text] : [(match[1] ?? '').toLowerCase(), text.slice(match[0].length)];
}

function checkPort(port: string): void {
  if (!/^(:[0-9]*)?$/.test(port)) throw new GoError(`invalid port ${JSON.stringify(port)} after host`);
}

function parseBracketed(host: string): string {
  const close = host.lastIndexOf(']');
  if (close < 0) throw new GoError("missing ']' in host");
  checkPort(host.slice(close + 1));
  const name = host.slice(1, close);
  const zone = name.indexOf('%25');
  const address = zone < 0 ? unescape(name, 'host') : unescape(name.slice(0, zone), 'host');
  const rest = zone < 0 ? '' : unescape(name.slice(zone), 'zone');
  if (!isIPv6(address + rest))
    throw new GoError(`invalid host: ${JSON.stringify(address + rest)} is no IPv6 address`);
  return `[${address}${rest}]${host.slice(close + 1)}`;
}

function parseHost(scheme: string, host: string): string {
  const bracket = host.lastIndexOf('[');
  if (bracket > 0) throw new GoError('invalid IP-literal');
  if (bracket === 0) return parseBracketed(host);
  const first = host.indexOf(':');
  if (first >= 0) checkPort(host.slice(/^https?$/.test(scheme) ? first : host.lastIndexOf(':')));
  return unescape(host, 'host');
}

function parseUser(text: string): string {
  if (!/^[A-Za-z0-9\-._:~!$&'()*+,;=%@]*$/.test(text)) throw new GoError('net/url: invalid userinfo');
  const [name, password] = cut(text, ':');
  const escaped = escapePart(unescape(name, 'user'), 'user');
  return text.includes(':') ? `${escaped}:${escapePart(unescape(password, 'user'), 'user')}` : escaped;
}

interface Authority {
  readonly userinfo: string | undefined;
  readonly host: string;
  readonly path: string;
}

function parseAuthority(scheme: string, rest: string): Authority {
  if (!rest.startsWith('//') || (scheme === '' && rest.startsWith('///'))) {
    return { userinfo: undefined, host: '', path: rest };
  }
  const [authority] = cut(rest.slice(2), '/');
  const at = authority.lastIndexOf('@');
  const host = parseHost(scheme, authority.slice(at + 1));
  const userinfo = at < 0 ? undefined : parseUser(authority.slice(0, at));
  return { userinfo, host, path: rest.slice(2 + authority.length) };
}

/** Parses a URL as Go's url.Parse does. */
export function parseGoUrl(source: string): GoUrl {
  const [text, fragment] = cut(source, '#');

  if (/[\x00-\x1f\x7f]/.test(text)) throw new GoError('net/url: invalid control character in URL');
  const nothing: GoUrl = {
    scheme: '',
    opaque: '',
    userinfo: undefined,
    host: '',
    path: '',
    query: '',
    fragment: '',
  };
  const withFragment = (url: GoUrl): GoUrl => ({ ...url, fragment: unescape(fragment, 'fragment') });
  if (text === '*') return withFragment({ ...nothing, path: '*' });
  const [scheme, afterScheme] = cutScheme(text);
  const [rest, query] = cut(afterScheme, '?');
  if (!rest.startsWith('/')) {
    if (scheme !== '') return withFragment({ ...nothing, scheme, opaque: rest, query });
    if (cut(rest, '/')[0].includes(':')) throw new GoError('first path segment in URL cannot contain colon');
  }
  const { userinfo, host, path } = parseAuthority(scheme, rest);
  return withFragment({ ...nothing, scheme, query, userinfo, host, path: unescape(path, 'path') });
}

/** The host without its port and brackets. */
export function hostnameOf(host: string): string {
  const colon = host.lastIndexOf(':');
  const name = colon >= 0 && /^:[0-9]*$/.test(host.slice(colon)) ? host.slice(0, colon) : host;
  return name.startsWith('[') && name.endsWith(']') ? name.slice(1, -1) : name;
}

function formatPath({ host, path }: GoUrl, before: string): string {
  const escaped = path === '*' ? '*' : escapePart(path, 'path');
  if (escaped !== '' && !escaped.startsWith('/') && host !== '') return `/${escaped}`;
  return before === '' && cut(escaped, '/')[0].includes(':') ? `./${escaped}` : escaped;
}

/** Writes a URL as Go's URL.String does. */
export function formatGoUrl(url: GoUrl): string {
  let text = url.scheme === '' ? '' : `${url.scheme}:`;
  if (url.opaque !== '') text += url.opaque;
  else {
    const hasUser = url.userinfo !== undefined;
    const some = url.host !== '' || hasUser || (url.scheme !== '' && url.path !== '');
    if (some) text += `//${hasUser ? `${url.userinfo}@` : ''}${escapePart(url.host, 'host')}`;
    text += formatPath(url, text);
  }
  if (url.query !== '') text += `?${url.query}`;
  return url.fragment === '' ? text : `${text}#${escapePart(url.fragment, 'fragment')}`;
}

import { fn, type FunctionContext, type FunctionTable } from '../function-type.ts';
import { GoError } from '../template-error.ts';
import { kindOf } from '../value-type.ts';
import { anyMap, type GoMap, GoScalar, type Value } from '../value.ts';
import { formatGoUrl, hostnameOf, parseGoUrl } from './go-url.ts';

function urlParse(text: string, { budget }: FunctionContext): Value {
  budget.text(text.length * 4);
  const url = parseGoUrl(text);
  return anyMap([
    ['scheme', url.scheme],
    ['host', url.host],
    ['hostname', hostnameOf(url.host)],
    ['path', url.path],
    ['query', url.query],
    ['opaque', url.opaque],
    ['fragment', url.fragment],
    ['userinfo', url.userinfo ?? ''],
  ]);
}

function part(map: GoMap, key: string): string {
  if (!map.entries.has(key)) return '';
  const value = map.entries.get(key);
  const text = value instanceof GoScalar ? value.value : value;
  if (typeof text === 'string') return text;
  throw new GoError(`unable to parse ${key} key, must be of type string, but ${kindOf(value)} found`);
}

function urlJoin(map: GoMap, { budget }: FunctionContext): string {
  const get = (key: string): string => part(map, key);
  const userinfo = get('userinfo');
  const url = formatGoUrl({
    scheme: get('scheme'),
    opaque: get('opaque'),
    host: get('host'),
    path: get('path'),
    query: get('query'),
    fragment: get('fragment'),
    userinfo: userinfo === '' ? undefined : parseGoUrl(`proto://${userinfo}@host`).userinfo,
  });
  budget.text(url.length);
  return url;
}

/** Sprig's URL functions. */
export const urls: FunctionTable = {
  urlParse: fn('string: map', urlParse),
  urlJoin: fn('map: string', urlJoin),
};

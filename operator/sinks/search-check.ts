import { DeliveryError } from '../sink-kit/index.ts';
import { type SearchClient } from './search-client.ts';
import { failureOfAnswer } from './search-failure.ts';

/**
 * Checks an index without changing anything: it is there, or the cluster would make it. Where the credentials may not ask
 * this, nothing is said: they need not be allowed more than writing.
 */
export async function checkIndex(client: SearchClient, name: string, signal: AbortSignal): Promise<void> {
  const answer = await client.request({
    method: 'GET',
    path: `/${encodeURIComponent(name)}`,
    query: { filter_path: 'error,status' },
    signal,
  });
  const failure = failureOfAnswer(answer);
  if (failure === undefined || failure.reason === 'Forbidden') return;
  if (answer.status !== 404) throw failure;
  if (await isCreatedByItself(client, name, signal)) return;
  throw DeliveryError.retry(
    `${answer.endpoint} has no index, alias or data stream ${name}, and action.auto_create_index of the cluster does not ` +
      'let it be created: create it, or allow it there',
    'TargetNotFound',
  );
}

async function isCreatedByItself(client: SearchClient, name: string, signal: AbortSignal): Promise<boolean> {
  const { status, body } = await client.request({
    method: 'GET',
    path: '/_cluster/settings',
    query: { include_defaults: 'true', filter_path: '*.action.auto_create_index' },
    signal,
  });
  if (status !== 200) return true;
  const scopes = (body ?? {}) as Readonly<Record<string, { action?: { auto_create_index?: unknown } }>>;
  const [setting] = ['transient', 'persistent', 'defaults']
    .map((scope) => scopes[scope]?.action?.auto_create_index)
    .filter((value) => value !== undefined);
  return allowsCreation(setting, name);
}

/** Judges a name by action.auto_create_index: true, false, or patterns of which the first that matches decides. */
function allowsCreation(setting: unknown, name: string): boolean {
  const list: unknown[] = Array.isArray(setting)
    ? setting
    : typeof setting === 'string'
      ? setting.split(',')
      : [];
  const patterns = list.filter((each) => typeof each === 'string').map((pattern) => pattern.trim());
  if (patterns.length === 0) return true;
  if (patterns.length === 1 && /^(true|false)$/.test(patterns[0] ?? '')) return patterns[0] === 'true';
  const first = patterns.find((pattern) => matches(pattern.replace(/^[-+]/, ''), name));
  return first !== undefined && !first.startsWith('-');
}

/** Matches a name with a pattern in which `*` stands for any text, in linear time. */
function matches(pattern: string, name: string): boolean {
  const [first = '', ...rest] = pattern.split('*');
  const last = rest.pop();
  if (last === undefined) return pattern === name;
  if (!name.startsWith(first) || !name.endsWith(last) || name.length < first.length + last.length)
    return false;
  let at = first.length;
  for (const part of rest) {
    const found = name.indexOf(part, at);
    if (found < 0 || found + part.length > name.length - last.length) return false;
    at = found + part.length;
  }
  return true;
}

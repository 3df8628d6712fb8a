import { parseDuration } from '../schema/duration.ts';
import { apiGroup } from './resource.ts';

/** What may be asked of a receiver by an annotation, with how its value is written. */
const requestForms = {
  replay: 'TIME since=TIME, or TIME since=DURATION',
  'retry-dead-letters': 'TIME, or TIME KEY...',
  'drop-dead-letters': 'TIME, or TIME KEY...',
  'send-test': 'TIME, or TIME by=NAME',
} as const;

/** The name of a request: its annotation without the group. */
export type RequestName = keyof typeof requestForms;

/** All names of requests. */
export const requestNames = Object.keys(requestForms) as RequestName[];

/** What an annotation asks for. */
export interface ReceiverRequest {
  readonly name: RequestName;
  /** When it was asked for, as whoever asked has it. */
  readonly requestedAt: Date;
  /** Of a replay: the time of the first occurrence. */
  readonly since: Date;
  /** Of requests about dead letters: which; none means all. */
  readonly keys: readonly string[];
  /** Of a test: who asks, as far as they tell. */
  readonly by: string | undefined;
}

/** The longest value of such an annotation: it is repeated in the status. */
export const longestRequest = 8_192;

const timePattern = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:\d\d)$/;

/** Names the annotation of a request. */
export function requestAnnotation(name: RequestName): string {
  return `${apiGroup}/${name}`;
}

/** Writes the value of an annotation. */
export function writeRequest(requestedAt: Date, ...words: readonly string[]): string {
  return [requestedAt.toISOString(), ...words].join(' ');
}

/** Reads the value of an annotation; gives a sentence when it asks for nothing that can be done. */
export function readRequest(name: RequestName, value: string): ReceiverRequest | string {
  const refuse = (why: string): string =>
    `${requestAnnotation(name)} must be ${requestForms[name]} (times such as 2026-01-31T12:00:00Z): ${why}`;
  if (value.length > longestRequest) return refuse(`it is longer than ${longestRequest} characters`);
  const [first = '', ...words] = value.trim().split(/\s+/);
  const requestedAt = readTime(first);
  if (requestedAt === undefined) return refuse(`it begins with ${excerpt(first)}`);
  const read = readers[name](words, requestedAt);
  return typeof read === 'string'
    ? refuse(read)
    : { name, requestedAt, since: requestedAt, keys: [], by: undefined, ...read };
}

/** Reads what follows the time; gives what is wrong with it as a text. */
type WordsReader = (words: readonly string[], requestedAt: Date) => Partial<ReceiverRequest> | string;

const readKeys: WordsReader = (words) => ({ keys: [...new Set(words)] });

const readers: Readonly<Record<RequestName, WordsReader>> = {
  replay: readSince,
  'retry-dead-letters': readKeys,
  'drop-dead-letters': readKeys,
  'send-test'(words) {
    const rest = words.join(' ');
    if (rest !== '' && !rest.startsWith('by=')) return `it holds ${excerpt(rest)}`;
    return { by: rest.slice('by='.length) || undefined };
  },
};

function readTime(text: string): Date | undefined {
  const time = timePattern.test(text) ? new Date(text) : undefined;
  return time === undefined || Number.isNaN(time.getTime()) ? undefined : time;
}

function readSince([word, ...more]: readonly string[], requestedAt: Date): { readonly since: Date } | string {
  const written = word?.startsWith('since=') === true ? word.slice('since='.length) : undefined;
  if (written === undefined) return 'it has no since=';
  if (more.length > 0) return `it goes on after since= with ${excerpt(more.join(' '))}`;
  const durationMs = parseDuration(written);
  const since = durationMs === undefined ? readTime(written) : new Date(requestedAt.getTime() - durationMs);
  return since === undefined || Number.isNaN(since.getTime()) ? `since is ${excerpt(written)}` : { since };
}

function excerpt(text: string): string {
  return text === '' ? 'nothing' : JSON.stringify(text.length > 100 ? `${text.slice(0, 100)}...` : text);
}

import {
  DeliveryError,
  type Encoded,
  encodePayload,
  type PayloadConfig,
  type SinkEvent,
  type TextTemplate,
} from '../sink-kit/index.ts';
import { type modes } from './redis-fields.ts';

/** An event rendered for Redis. */
export interface RedisEntry {
  /** The key of the stream or list, or the name of the channel. */
  readonly key: string;
  /** The command that writes it. */
  readonly command: readonly string[];
  /** Where it is noted that the event was written. */
  readonly marker: string;
}

/** How events become commands. */
export interface RedisEntryConfig extends PayloadConfig {
  readonly mode?: (typeof modes)[number];
  readonly key: TextTemplate;
  readonly fields?: Readonly<Record<string, TextTemplate>>;
  readonly maxLength?: number;
  readonly push?: 'Tail' | 'Head';
}

/** What the protocol adds to a command, about. */
const overheadBytes = 64;
const ownFields: readonly string[] = ['key', 'event'];

/**
 * Makes the function that renders events.
 * @throws DeliveryError (permanent, InvalidConfig) when fields do not belong together.
 */
export function createEntryEncoder(config: RedisEntryConfig): (event: SinkEvent) => Encoded<RedisEntry> {
  const { mode = 'Stream', fields = {} } = config;
  checkFields(mode, config);
  const write = writers[mode](config);
  return (event) => {
    const key = config.key.render(event);
    if (key === '') throw DeliveryError.permanent('key is empty for this event', 'RenderFailed');
    const document = encodePayload(config, event);
    const extra = Object.entries(fields).flatMap(([name, template]) => [name, template.render(event)]);
    const command = write(key, document, ['key', event.key, ...extra]);
    const marker = markerOf(key, event.key);
    const bytes = command.reduce((sum, part) => sum + Buffer.byteLength(part), overheadBytes + marker.length);
    return { payload: { key, command, marker }, bytes };
  };
}

type Write = (key: string, document: string, fields: readonly string[]) => readonly string[];

const writers: Readonly<Record<(typeof modes)[number], (config: RedisEntryConfig) => Write>> = {
  Stream: ({ maxLength }) => {
    const trim = maxLength === undefined ? [] : ['MAXLEN', '~', String(maxLength)];
    return (key, document, fields) => ['XADD', key, ...trim, '*', ...fields, 'event', document];
  },
  List: ({ push }) => {
    const verb = push === 'Head' ? 'LPUSH' : 'RPUSH';
    return (key, document) => [verb, key, document];
  },
  Channel: () => (key, document) => ['PUBLISH', key, document],
};

/** Begins with the key, so that one ACL pattern covers both, and has its hash tag, so that a cluster keeps both together. */
function markerOf(key: string, id: string): string {
  const isTagged = /\{[^}]+\}/.test(key);
  return isTagged ? `${key}:seen:${id}` : `${key}:seen:{${key}}:${id}`;
}

function checkFields(mode: string, { fields, maxLength, push }: RedisEntryConfig): void {
  if (fields !== undefined && mode !== 'Stream') throw invalid('fields is for mode: Stream only');
  if (push !== undefined && push !== 'Tail' && mode !== 'List') throw invalid('push is for mode: List only');
  if (maxLength !== undefined && mode === 'Channel') throw invalid('maxLength is not for mode: Channel');
  const own = Object.keys(fields ?? {}).find((name) => ownFields.includes(name));
  if (own !== undefined) throw invalid(`fields sets ${own}, which every entry has already`);
}

function invalid(message: string): DeliveryError {
  return DeliveryError.permanent(message, 'InvalidConfig');
}

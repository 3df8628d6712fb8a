import {
  createGuardedLookup,
  defineSink,
  encodePayload,
  payloadFields,
  Quantity,
  Text,
  textPayload,
  Type,
} from '../sink-kit/index.ts';
import { closable } from './closable.ts';
import { createDatagramSender, longestDatagramBytes } from './datagram-sender.ts';
import { parseHostPort } from './host-port.ts';

export default defineSink({
  summary: 'Sends each event as a UDP datagram that holds one line of JSON.',
  config: Type.Object({
    host: Text({
      description:
        'Where to send to, as `host:port`. The name is looked up every minute. UDP gives no answer: an event counts as ' +
        'delivered when it was sent and no refusal came back at once.',
      minLength: 1,
      examples: ['logstash.logging.svc:5000'],
    }),
    maxBytes: Type.Optional(
      Quantity({
        description:
          'The longest datagram to send, at most 65507 bytes; `delivery.oversized` says what becomes of longer events. ' +
          'Datagrams above about 1400 bytes are sent in fragments, which some networks do not let through.',
        default: longestDatagramBytes,
        examples: ['8Ki'],
      }),
    ),
    ...payloadFields,
  }),
  example: { host: 'logstash.logging.svc:5000' },
  // Nothing is waited for that could be waited for side by side, and a burst is more than many receivers' buffers hold.
  defaults: { batch: { maxEvents: 100, maxWaitMs: 100 }, concurrency: 1 },
  defaultsFor: ({ maxBytes }) => ({
    maxEventBytes: Math.min(maxBytes ?? longestDatagramBytes, longestDatagramBytes),
  }),
  open: (config, { isAddressAllowed }) => {
    const target = parseHostPort(config.host, 'host');
    const sender = createDatagramSender(target, { lookup: createGuardedLookup(isAddressAllowed) });
    return closable({
      endpoint: sender.endpoint,
      encode: (event) => textPayload(`${encodePayload(config, event)}\n`),
      send: (batch, signal) =>
        sender.send(
          batch.map(({ payload }) => Buffer.from(payload)),
          signal,
        ),
      check: (signal) => sender.check(signal),
      close: () => sender.close(),
    });
  },
});

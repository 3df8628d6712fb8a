import {
  createHttpClient,
  createTlsOptions,
  defineSink,
  type DeliveryError,
  type Outgoing,
  sendInOrder,
} from '../sink-kit/index.ts';
import { halves, sendDivided } from './send-divided.ts';
import { SplunkRefusal } from './splunk-answer.ts';
import { createSplunkCollector } from './splunk-collector.ts';
import { splunkConfig } from './splunk-config.ts';
import { encodeSplunkEvent, type SplunkPayload } from './splunk-event.ts';

type Batch = readonly Outgoing<SplunkPayload>[];

/** What Splunk Cloud asks requests to keep to; Splunk Enterprise takes larger ones (limits.conf, max_content_length). */
const requestBytes = 1_000_000;
const ackTimeoutMs = 120_000;

export default defineSink({
  summary: "Sends events to Splunk's HTTP Event Collector.",
  config: splunkConfig,
  example: {
    url: 'https://splunk.example.com:8088',
    tokenSecretRef: { name: 'splunk', key: 'token' },
    index: 'kubernetes',
    sourcetype: 'kube:objects:events',
    fields: { cluster: '{{ .ClusterName }}' },
  },
  defaults: { batch: { maxEvents: 500, maxBytes: requestBytes }, maxEventBytes: requestBytes },
  defaultsFor: ({ ack = false }) => (ack ? { timeoutMs: ackTimeoutMs, concurrency: 8 } : {}),
  async open(settings, context) {
    const client = await createHttpClient({
      tls: createTlsOptions(settings.tls),
      isAddressAllowed: context.isAddressAllowed,
    });
    const { url, token, channel, ack = false, compression = 'Gzip' } = settings;
    const collector = createSplunkCollector(
      { url, token, channel, ack, compression, warn: context.warn },
      client,
    );
    const sendPart = (part: Batch, signal: AbortSignal) =>
      sendDivided(part, {
        send: (events) => collector.post(events.map(({ payload }) => payload.text).join('\n'), signal),
        divide: dividePart,
      });
    return {
      endpoint: collector.endpoint,
      encode: (event) => {
        const payload = encodeSplunkEvent(settings, event);
        return { payload, bytes: Buffer.byteLength(payload.text) + 1 };
      },
      send: (outgoing: Batch, signal) =>
        sendInOrder(
          outgoing,
          // A refused index fails its request; those of other indexes are to go through all the same.
          [...Map.groupBy(outgoing, ({ payload }) => payload.index).values()].map((events) => ({
            events,
            send: () => sendPart(events, signal),
          })),
        ),
      check: (signal) => collector.check(signal),
      close: () => client.close(),
    };
  },
});

/**
 * What became of the other events of a refused request is documented nowhere, and collectors differ; so they are sent
 * again, at the risk of a copy with the same key. The named event is tried alone, as its own answer settles it for sure.
 */
function dividePart(failure: DeliveryError, events: Batch): readonly Batch[] | undefined {
  if (failure.reason === 'PayloadTooLarge') return halves(events);
  if (!(failure instanceof SplunkRefusal) || !failure.isAboutEvents) return undefined;
  const bad = failure.eventNumber;
  if (bad === undefined || bad < 0 || bad >= events.length) return halves(events);
  return [events.slice(0, bad), events.slice(bad, bad + 1), events.slice(bad + 1)];
}

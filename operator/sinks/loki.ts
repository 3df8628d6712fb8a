import {
  authorizationOf,
  createHttpClient,
  createTlsOptions,
  defineSink,
  type DeliveryError,
  type Headers,
  mergeHeaders,
  type Outgoing,
  sendInOrder,
  withRedaction,
} from '../sink-kit/index.ts';
import { LokiRefusal, refusalOf } from './loki-answer.ts';
import { lokiConfig } from './loki-config.ts';
import { constantHeaders, createLokiEncoder, type LokiEntry } from './loki-entry.ts';
import { emptyPush, pushOf, pushUrl } from './loki-push.ts';
import { jsonBody } from './request-body.ts';
import { halves, sendDivided } from './send-divided.ts';
import { credentialsIn, secretHeaders } from './webhook-headers.ts';

type Batch = readonly Outgoing<LokiEntry>[];

/** Loki's default for max_line_size. */
const longestLineBytes = 262_144;

export default defineSink({
  summary: 'Pushes events to Grafana Loki.',
  config: lokiConfig,
  example: {
    url: 'https://loki.example.com/loki/api/v1/push',
    tenantID: 'platform',
    basic: { username: 'eventroute', passwordSecretRef: { name: 'loki', key: 'password' } },
    streamLabels: { job: 'events', cluster: '{{ .ClusterName }}' },
  },
  defaults: { batch: { maxEvents: 500, maxBytes: 1_048_576 }, maxEventBytes: longestLineBytes },
  async open(settings, context) {
    const url = pushUrl(settings.url);
    const encode = createLokiEncoder(settings);
    const authorization = authorizationOf(settings);
    const common = mergeHeaders(authorization === undefined ? {} : { authorization });
    const secret = secretHeaders(settings.headersSecretRef);
    const client = await createHttpClient({
      tls: createTlsOptions(settings.tls),
      isAddressAllowed: context.isAddressAllowed,
    });

    const push = async (text: string, own: Headers, signal: AbortSignal) => {
      const { body, headers } = await jsonBody(text, settings.compression);
      return client.request({ url, headers: mergeHeaders(common, own, secret, headers), body, signal });
    };
    const pushEntries = async (entries: Batch, signal: AbortSignal) => {
      const refusal = refusalOf(
        await push(pushOf(entries), entries[0]?.payload.headers ?? {}, signal),
        entries.length,
      );
      if (refusal !== undefined) throw refusal;
    };
    const check = async (signal: AbortSignal) => {
      const refusal = refusalOf(await push(emptyPush, constantHeaders(settings), signal), 0);
      // Which tenant it will be is known with an event only.
      const isTenantOpen = settings.tenantID !== undefined && settings.tenantID.constant === undefined;
      if (refusal !== undefined && !(isTenantOpen && refusal.isWithoutTenant)) throw refusal;
    };

    return withRedaction(
      {
        endpoint: url.host,
        encode,
        send: (batch: Batch, signal) =>
          sendInOrder(
            batch,
            byHeaders(batch).map((events) => ({
              events,
              send: () =>
                sendDivided(events, {
                  send: (entries) => pushEntries(entries, signal),
                  divide: dividePush,
                }),
            })),
          ),
        check,
        close: () => client.close(),
      },
      credentialsIn(settings.headers),
    );
  },
});

/** Tenant and headers may differ from event to event, and one request has one of each. */
function byHeaders(batch: Batch): Batch[] {
  return [...Map.groupBy(batch, ({ payload }) => JSON.stringify(payload.headers)).values()];
}

/**
 * Loki stores what is right of a push and does not always tell what is not. Pushing the halves again finds it; entries that
 * are stored already are not stored twice, as time, line and metadata are the same.
 */
function dividePush(failure: DeliveryError, entries: Batch): readonly Batch[] | undefined {
  const isDivisible =
    failure.reason === 'PayloadTooLarge' || (failure instanceof LokiRefusal && failure.isPartial);
  return isDivisible ? halves(entries) : undefined;
}

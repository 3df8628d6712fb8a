import {
  compileHeaders,
  createHttpClient,
  createTlsOptions,
  createUrlTemplate,
  defineSink,
  encodePayload,
  mergeHeaders,
  sendInOrder,
  withRedaction,
} from '../sink-kit/index.ts';
import { renderCard } from './teams-card.ts';
import { teamsConfig } from './teams-config.ts';
import { teamsFailure } from './teams-failure.ts';
import { credentialsIn, secretHeaders } from './webhook-headers.ts';

/** What Teams takes for one message (https://learn.microsoft.com/microsoftteams/limits-specifications-teams). */
const largestMessageBytes = 28 * 1_024;

interface TeamsRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export default defineSink({
  summary: 'Posts each event as a card to a channel of Microsoft Teams.',
  config: teamsConfig,
  example: {
    endpointSecretRef: { name: 'teams', key: 'url' },
    title: '{{ .ClusterName }}: {{ .Reason }}',
    facts: {
      Object: '{{ .InvolvedObject.Kind }}/{{ .InvolvedObject.Name }}',
      Namespace: '{{ .InvolvedObject.Namespace }}',
      Count: '{{ .Count }}',
    },
  },
  // A webhook takes about four messages a second.
  defaults: { batch: { maxEvents: 1 }, concurrency: 1, maxEventBytes: largestMessageBytes },
  async open(settings, context) {
    const target = createUrlTemplate(settings.endpoint, 'endpoint');
    const renderHeaders = compileHeaders(settings.headers);
    const secret = secretHeaders(settings.headersSecretRef);
    const { layout, deDot = false } = settings;
    const client = await createHttpClient({
      tls: createTlsOptions(settings.tls),
      isAddressAllowed: context.isAddressAllowed,
    });

    const post = async ({ url, headers, body }: TeamsRequest, signal: AbortSignal) => {
      const failure = teamsFailure(await client.request({ url, headers, body, signal }));
      if (failure !== undefined) throw failure;
    };

    return withRedaction(
      {
        endpoint: target.endpoint,
        encode: (event) => {
          // Without the charset, old connectors take the text for one of twice the size.
          const fixed = { 'content-type': 'application/json; charset=utf-8', 'idempotency-key': event.key };
          const headers = mergeHeaders(fixed, renderHeaders(event), secret);
          const body =
            layout === undefined
              ? JSON.stringify(renderCard(settings, event))
              : encodePayload({ layout, deDot }, event);
          return { payload: { url: target.render(event), headers, body }, bytes: Buffer.byteLength(body) };
        },
        send: (batch, signal) =>
          sendInOrder(
            batch,
            batch.map((outgoing) => ({
              events: [outgoing],
              send: () => post(outgoing.payload, signal),
            })),
          ),
        check: (signal) => client.probe(target.base, signal),
        close: () => client.close(),
      },
      credentialsIn(settings.headers),
    );
  },
});

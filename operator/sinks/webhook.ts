import {
  authFields,
  authorizationOf,
  createHttpClient,
  createTlsOptions,
  createUrlTemplate,
  compileHeaders,
  defineSink,
  encodePayload,
  failureOfResponse,
  mergeHeaders,
  OneOf,
  payloadFields,
  Secret,
  SecretMap,
  sendInOrder,
  takePayloads,
  Template,
  Text,
  tlsField,
  Type,
  withRedaction,
} from '../sink-kit/index.ts';
import { bodies, encodings, type WebhookPayload } from './webhook-body.ts';
import { checkMethod, credentialsIn, secretHeaders } from './webhook-headers.ts';

const config = Type.Object({
  endpoint: Secret({
    description:
      'The URL to send to. Its path and query may hold Go templates. User info in it becomes Basic authentication.',
    examples: ['https://events.example.com/v1/{{ .InvolvedObject.Namespace }}'],
  }),
  method: Type.Optional(
    Text({
      description: 'The method of the requests.',
      default: 'POST',
      pattern: '^[A-Z]{1,20}$',
      examples: ['PUT'],
    }),
  ),
  headers: Type.Optional(
    Type.Record(Type.String(), Template({ description: 'The value of the header; a Go template.' }), {
      description: 'Headers of the requests. A Content-Type here replaces the default one.',
      examples: [{ 'X-Cluster': '{{ .ClusterName }}' }],
    }),
  ),
  headersSecretRef: Type.Optional(
    SecretMap({ description: 'A Secret whose keys are the names of more headers, and its values theirs.' }),
  ),
  ...authFields,
  tls: Type.Optional(tlsField),
  encoding: Type.Optional(
    OneOf(encodings, {
      description:
        'How events are put into requests: `Event` is one request for each, `JSONArray` and `NDJSON` are a batch in one.',
      default: 'Event',
    }),
  ),
  redirects: Type.Optional(
    OneOf(['Refuse', 'SameOrigin'], {
      description:
        'Whether a redirect (307 or 308) to the same scheme, host and port is followed; others never are.',
      default: 'Refuse',
    }),
  ),
  ...payloadFields,
});

const maxRedirects = 3;

/** Sends events as JSON to any HTTP server. */
export default defineSink({
  summary: 'Sends events as JSON to any HTTP server.',
  config,
  example: {
    endpointSecretRef: { name: 'webhook', key: 'url' },
    headers: { 'X-Cluster': '{{ .ClusterName }}' },
    bearer: { tokenSecretRef: { name: 'webhook', key: 'token' } },
    layout: { message: '{{ .Message }}', object: '{{ .InvolvedObject.Kind }}/{{ .InvolvedObject.Name }}' },
  },
  defaults: { batch: { maxEvents: 1 } },
  defaultsFor: ({ encoding = 'Event' }) => ({ batch: { maxEvents: encoding === 'Event' ? 1 : 500 } }),
  async open(settings, context) {
    const { method = 'POST', encoding = 'Event' } = settings;
    const body = bodies[encoding];
    const target = createUrlTemplate(settings.endpoint, 'endpoint');
    const renderHeaders = compileHeaders(settings.headers);
    const authorization = authorizationOf(settings);
    const fixed = mergeHeaders(
      { 'content-type': body.contentType },
      authorization === undefined ? {} : { authorization },
    );
    const secret = secretHeaders(settings.headersSecretRef);
    checkMethod(method);
    const shared =
      encoding === 'Event' || settings.headers !== undefined ? undefined : mergeHeaders(fixed, secret);
    const client = await createHttpClient({
      tls: createTlsOptions(settings.tls),
      isAddressAllowed: context.isAddressAllowed,
      maxRedirects: settings.redirects === 'SameOrigin' ? maxRedirects : 0,
    });

    const requestOf = (events: readonly WebhookPayload[]) => {
      // all events of a request have the same
      const { url, headers } = events[0] as WebhookPayload;
      return { method, url, headers, body: body.join(events) };
    };
    const post = async (request: ReturnType<typeof requestOf>, signal: AbortSignal) => {
      const response = await client.request({ ...request, signal });
      const failure = failureOfResponse(response);
      if (failure !== undefined) throw failure;
    };

    return withRedaction(
      {
        endpoint: target.endpoint,
        encode: (event) => {
          const key = encoding === 'Event' ? { 'idempotency-key': event.key } : undefined;
          const headers = shared ?? mergeHeaders(fixed, key, renderHeaders(event), secret);
          const payload = { url: target.render(event), headers, text: encodePayload(settings, event) };
          return { payload, bytes: Buffer.byteLength(payload.text) + 1 };
        },
        send: (batch, signal) =>
          sendInOrder(
            batch,
            body.divide(batch).map((events) => ({
              events,
              send: async () => post(requestOf(takePayloads(events, signal)), signal),
            })),
          ),
        check: (signal) => client.probe(target.base, signal),
        close: () => client.close(),
      },
      credentialsIn(settings.headers),
    );
  },
});

import {
  createHttpClient,
  createTlsOptions,
  defineSink,
  DeliveryError,
  type HttpClient,
  sendInOrder,
  type SinkEvent,
} from '../sink-kit/index.ts';
import { renderAlias } from './opsgenie-alias.ts';
import { type OpsgenieBody, renderAlert, renderClosing } from './opsgenie-alert.ts';
import { opsgenieConfig, type OpsgenieConfig } from './opsgenie-config.ts';
import { isOpsgenieAnswer, opsgenieFailure } from './opsgenie-failure.ts';
import { compilePriority } from './opsgenie-priority.ts';

/** A request that an event makes. */
interface OpsgenieRequest {
  readonly path: string;
  readonly body: string;
}

/** No request has this id; whoever may ask for it is told so, others are refused. */
const noRequest = '00000000-0000-0000-0000-000000000000';

export default defineSink({
  summary: 'Makes an alert in Opsgenie for each event, and closes alerts when things recover.',
  config: opsgenieConfig,
  example: {
    apiKeySecretRef: { name: 'opsgenie', key: 'apiKey' },
    url: 'https://api.eu.opsgenie.com',
    message: '{{ .Reason }}: {{ .InvolvedObject.Namespace }}/{{ .InvolvedObject.Name }}',
    alias: '{{ .InvolvedObject.UID }}',
    priority: '{{ if eq .Type "Warning" }}P2{{ else }}P4{{ end }}',
    responders: [{ type: 'team', name: '{{ .InvolvedObject.Labels.team }}' }],
    tags: ['{{ .InvolvedObject.Kind }}', 'kubernetes'],
    details: { node: '{{ .Source.Host }}' },
    closeWhen: '{{ eq .Reason "NodeReady" }}',
  },
  defaults: { batch: { maxEvents: 1 } },
  async open(settings, context) {
    const base = readUrl(settings.url ?? 'https://api.opsgenie.com');
    const encode = createEncoder(settings, context.warn);
    const client = await createHttpClient({
      tls: createTlsOptions(settings.tls),
      isAddressAllowed: context.isAddressAllowed,
    });
    const api = createApi(client, base, settings.apiKey);

    return {
      endpoint: base.host,
      encode: (event) => {
        const { path, body } = encode(event);
        const text = JSON.stringify(body);
        return { payload: { path, body: text }, bytes: Buffer.byteLength(text) };
      },
      send: (batch, signal) =>
        sendInOrder(
          batch,
          batch.map((outgoing) => ({
            events: [outgoing],
            send: () => api.send(outgoing.payload, signal),
          })),
        ),
      check: (signal) => api.check(signal),
      close: () => client.close(),
    };
  },
});

function createApi(client: HttpClient, base: URL, apiKey: string) {
  const headers = { authorization: `GenieKey ${apiKey}`, 'content-type': 'application/json' };
  const urlOf = (path: string) => new URL(`${base.pathname.replace(/\/+$/, '')}/v2/alerts${path}`, base);
  return {
    async send({ path, body }: OpsgenieRequest, signal: AbortSignal): Promise<void> {
      const response = await client.request({ url: urlOf(path), headers, body, signal });
      const failure = opsgenieFailure(response);
      if (failure !== undefined) throw failure;
    },
    /** Asks for the state of a request, which is a read that needs no more than the key of an integration. */
    async check(signal: AbortSignal): Promise<void> {
      const { authorization } = headers;
      const url = urlOf(`/requests/${noRequest}`);
      const response = await client.request({ method: 'GET', url, headers: { authorization }, signal });
      const { status } = response;
      if (status === 404 && isOpsgenieAnswer(response)) return;
      const failure = opsgenieFailure(response);
      // An integration may be one that writes only; a key of another kind is told by name.
      if (status === 403 && isOpsgenieAnswer(response) && !/API integration/i.test(response.bodyText)) return;
      if (failure !== undefined) throw failure;
    },
  };
}

/** Makes what renders the request of an event. */
function createEncoder(
  settings: OpsgenieConfig,
  warn: (message: string) => void,
): (event: SinkEvent) => { path: string; body: OpsgenieBody } {
  const { alias, close = false, closeWhen } = settings;
  if ((close || closeWhen !== undefined) && alias === undefined) {
    throw DeliveryError.permanent(
      'needs `alias` to close alerts: a recovery is another Event than the failure, with another uid',
      'InvalidConfig',
    );
  }
  checkParties(settings);
  const priorityOf = compilePriority(settings.priority, warn);
  return (event) => {
    const name = renderAlias(alias, event);
    const closes = close || closeWhen?.render(event).trim() === 'true';
    if (!closes) return { path: '', body: { ...renderAlert(settings, priorityOf, event), alias: name } };
    const path = `/${encodeAlias(name)}/close?identifierType=alias`;
    return { path, body: renderClosing(settings, event) };
  };
}

function checkParties({ responders = [], visibleTo = [] }: OpsgenieConfig): void {
  for (const { type, ...identity } of [...responders, ...visibleTo]) {
    if (Object.keys(identity).length > 0) continue;
    throw DeliveryError.permanent(`a ${type} needs an \`id\`, \`name\` or \`username\``, 'InvalidConfig');
  }
}

/** URLs know no path segment of dots alone, in any spelling. */
function encodeAlias(alias: string): string {
  if (!/^\.\.?$/.test(alias)) return encodeURIComponent(alias.toWellFormed());
  throw DeliveryError.permanent(
    `alias gives ${JSON.stringify(alias)}, which cannot be closed`,
    'RenderFailed',
  );
}

/** The exporter takes a host alone. */
function readUrl(written: string): URL {
  const text = written.trim();
  const url = URL.parse(/^[a-z]+:\/\//i.test(text) ? text : `https://${text}`);
  if (url !== null && /^https?:$/.test(url.protocol) && url.host !== '') return url;
  throw DeliveryError.permanent('url is no URL that begins with https:// and a host', 'InvalidConfig');
}

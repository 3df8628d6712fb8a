import {
  createHttpClient,
  createTlsOptions,
  defineSink,
  DeliveryError,
  type HttpClient,
  sendInOrder,
} from '../sink-kit/index.ts';
import { createSlackApp } from './slack-app.ts';
import { slackConfig, type SlackConfig } from './slack-config.ts';
import { createSlackMarkup } from './slack-markup.ts';
import { compileMessage } from './slack-message.ts';
import { type SlackPost, type SlackPoster } from './slack-poster.ts';
import { createSlackThreads, threadKey } from './slack-threads.ts';
import { createSlackWebhook } from './slack-webhook.ts';

const dayMs = 86_400_000;

export default defineSink({
  summary: 'Posts each event as a message to a Slack channel, by an app or an incoming webhook.',
  config: slackConfig,
  example: {
    tokenSecretRef: { name: 'slack', key: 'token' },
    channel: '#{{ .InvolvedObject.Namespace }}-alerts',
    message: '{{ .Message }}',
    color: '{{ if eq .Type "Warning" }}danger{{ else }}good{{ end }}',
    title: '{{ .Reason }}',
    fields: { Object: '{{ .InvolvedObject.Kind }}/{{ .InvolvedObject.Name }}' },
    thread: 'InvolvedObject',
  },
  // Slack takes about one message a second for each channel.
  defaults: { batch: { maxEvents: 1 }, concurrency: 1 },
  async open(settings, context) {
    checkConfig(settings);
    const render = compileMessage(settings, createSlackMarkup());
    const http = await createHttpClient({
      tls: createTlsOptions(settings.tls),
      isAddressAllowed: context.isAddressAllowed,
    });
    const poster = await createPoster(settings, http);
    const hasThreads = settings.thread === 'InvolvedObject';

    return {
      endpoint: poster.endpoint,
      encode: (event) => {
        const message = render(event);
        const thread = hasThreads ? { thread: threadKey(event, String(message.channel)) } : {};
        const payload: SlackPost = { message, key: event.key, ...thread };
        return { payload, bytes: Buffer.byteLength(JSON.stringify(message)) };
      },
      send: (batch, signal) =>
        sendInOrder(
          batch,
          batch.map((outgoing) => ({
            events: [outgoing],
            send: () => poster.post(outgoing.payload, signal),
          })),
        ),
      check: (signal) => poster.check(signal),
      close: () => http.close(),
    };
  },
});

async function createPoster(settings: SlackConfig, http: HttpClient): Promise<SlackPoster> {
  const {
    token,
    webhookUrl,
    apiUrl = 'https://slack.com/api/',
    metadata = true,
    threadFor = dayMs,
  } = settings;
  if (token === undefined) return createSlackWebhook(webhookUrl ?? '', http);
  const threads = createSlackThreads({ lifetimeMs: threadFor });
  const channel = settings.channel?.constant?.trim();
  return createSlackApp({ token, apiUrl, channel, metadata, threads }, http);
}

/** Refuses what does not go together. */
function checkConfig({ token, webhookUrl, channel, thread }: SlackConfig): void {
  const problems = [
    [token === undefined && webhookUrl === undefined, 'needs `token` or `webhookUrl`'],
    [token !== undefined && webhookUrl !== undefined, 'sets both `token` and `webhookUrl`; keep one of them'],
    [token !== undefined && channel === undefined, 'needs `channel` beside `token`'],
    [token === undefined && thread === 'InvolvedObject', 'needs `token` for threads: webhooks cannot reply'],
  ] as const;
  for (const [isSo, problem] of problems) if (isSo) throw DeliveryError.permanent(problem, 'InvalidConfig');
}

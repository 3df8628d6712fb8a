import { parse } from 'node:querystring';

import { type SeenRequest, startServer, type TestServer } from '../sink-kit/http-server.ts';

/** What a method was called with: its arguments as Slack reads them out of a form, texts of JSON parsed. */
export interface SlackCall {
  readonly method: string;
  readonly authorization: string | undefined;
  readonly args: Readonly<Record<string, unknown>>;
}

/** What the stand-in answers: the JSON of the Web API, and headers. */
export interface SlackReply {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/** A stand-in for Slack's Web API, with the shapes of its documentation. */
export interface SlackServer extends TestServer {
  readonly apiUrl: string;
  readonly calls: SlackCall[];
  /** The messages that were posted, in order. */
  readonly posted: Readonly<Record<string, unknown>>[];
  token: string;
  /** Answers a call in another way; undefined leaves it to the stand-in. */
  override: (call: SlackCall) => SlackReply | undefined | 'Hang' | 'Reset';
}

const asJson = new Set(['attachments', 'blocks', 'metadata']);

/** Starts a stand-in that knows the channel C0123456789 and takes everything. */
export async function startSlack(token = 'xoxb-right'): Promise<SlackServer> {
  const calls: SlackCall[] = [];
  const posted: Readonly<Record<string, unknown>>[] = [];
  const state = { token, override: (): SlackReply | undefined => undefined };
  let number = 0;
  const server = await startServer((response, request) => {
    const call = readCall(request);
    calls.push(call);
    const special = slack.override(call);
    if (special === 'Hang') return;
    if (special === 'Reset') return void response.socket?.destroy();
    const reply = special ?? { body: answer(call) };
    const { status = 200, headers = {}, body = { ok: true } } = reply;
    response
      .writeHead(status, { 'content-type': 'application/json; charset=utf-8', ...headers })
      .end(typeof body === 'string' ? body : JSON.stringify(body));
  });

  const answer = ({ method, authorization, args }: SlackCall): unknown => {
    if (authorization !== `Bearer ${slack.token}`) return { ok: false, error: 'invalid_auth' };
    switch (method) {
      case 'auth.test':
        return {
          ok: true,
          url: 'https://subarachnoid.slack.com/',
          team: 'Subarachnoid Workspace',
          user: 'bot',
          team_id: 'T0G9PQBBK',
          user_id: 'W23456789',
          bot_id: 'BZYBOTHED',
          is_enterprise_install: false,
        };
      case 'conversations.info':
        return args.channel === 'C0123456789'
          ? { ok: true, channel: { id: args.channel, name: 'alerts', is_archived: false, is_member: true } }
          : { ok: false, error: 'channel_not_found' };
      case 'chat.postMessage': {
        posted.push(args);
        number += 1;
        const ts = `1503435956.${String(number).padStart(6, '0')}`;
        const message = {
          text: args.text,
          bot_id: 'B123ABC456',
          type: 'message',
          subtype: 'bot_message',
          ts,
        };
        return { ok: true, channel: 'C0123456789', ts, message };
      }
      default:
        return { ok: false, error: 'unknown_method', req_method: method };
    }
  };

  const slack: SlackServer = Object.assign(server, {
    ...state,
    apiUrl: `${server.url}/api/`,
    calls,
    posted,
  });
  return slack;
}

function readCall({ url, headers, body }: SeenRequest): SlackCall {
  const args = Object.entries(parse(body)).map(([key, value]): [string, unknown] => {
    const text = String(value);
    if (asJson.has(key)) return [key, JSON.parse(text)];
    return [key, text === 'true' || text === 'false' ? text === 'true' : text];
  });
  return {
    method: url.replace(/^\/api\//, ''),
    authorization: headers.authorization,
    args: Object.fromEntries(args),
  };
}

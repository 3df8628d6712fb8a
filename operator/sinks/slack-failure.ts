import { DeliveryError } from '../sink-kit/index.ts';

/** Why Slack did not do something, as it says itself: a code, and sometimes details. */
export interface SlackRefusal {
  /** What was asked for: `chat.postMessage`, or `the webhook`. */
  readonly action: string;
  readonly endpoint: string;
  readonly code: string;
  readonly channel?: string | undefined;
  /** The event chose the channel by a template: that the channel is not there is the event's own fault. */
  readonly isChannelChosen?: boolean;
  readonly details?: readonly string[];
  readonly retryAfterMs?: number | undefined;
}

interface Meaning {
  readonly reason: DeliveryError['reason'];
  readonly advice?: string;
}

const token: Meaning = { reason: 'Unauthorized', advice: 'check the token' };
const app: Meaning = { reason: 'Forbidden', advice: "check the app's scopes and the workspace's rules" };
const scope: Meaning = {
  reason: 'Forbidden',
  advice: 'add the scope to the app and install it in the workspace again',
};
const noChannel: Meaning = {
  reason: 'TargetNotFound',
  advice: 'check the channel, and invite the app if it is private',
};
const invite: Meaning = { reason: 'TargetNotFound', advice: 'invite the app to the channel' };
const archived: Meaning = { reason: 'TargetNotFound', advice: 'the channel is archived, choose another' };
const webhookGone: Meaning = {
  reason: 'TargetNotFound',
  advice: 'the webhook was removed or disabled, make another',
};
const throttled: Meaning = { reason: 'Throttled' };
const server: Meaning = { reason: 'ServerError' };

/**
 * Codes of https://docs.slack.dev/reference/methods/chat.postMessage and of incoming webhooks
 * (https://docs.slack.dev/changelog/2016-05-17-changes-to-errors-for-incoming-webhooks); what can be mended there is retried.
 */
const meanings: Readonly<Record<string, Meaning>> = {
  invalid_auth: token,
  not_authed: token,
  account_inactive: token,
  token_revoked: token,
  token_expired: token,
  invalid_token: token,
  missing_scope: scope,
  no_permission: app,
  not_allowed_token_type: app,
  access_denied: app,
  accesslimited: app,
  ekm_access_denied: app,
  enterprise_is_restricted: app,
  org_login_required: app,
  team_access_not_granted: app,
  two_factor_setup_required: app,
  action_prohibited: app,
  posting_to_general_channel_denied: app,
  team_disabled: app,
  restricted_action: app,
  restricted_action_read_only_channel: app,
  restricted_action_thread_only_channel: app,
  restricted_action_non_threadable_channel: { reason: 'Forbidden', advice: 'set `thread: None`' },
  metadata_must_be_sent_from_app: { reason: 'Forbidden', advice: 'set `metadata: false`' },
  channel_not_found: noChannel,
  user_not_found: noChannel,
  users_not_found: noChannel,
  not_in_channel: invite,
  is_archived: archived,
  channel_is_archived: archived,
  no_service: webhookGone,
  no_service_id: webhookGone,
  no_team: webhookGone,
  ratelimited: throttled,
  rate_limited: throttled,
  message_limit_exceeded: throttled,
  internal_error: server,
  fatal_error: server,
  rollup_error: server,
  request_timeout: server,
  service_unavailable: server,
  team_added_to_org: server,
};

const tooLarge = /_too_(long|large)$|^too_many_/;
const malformed = /^(invalid|missing|no|cannot|malformed|unknown)_/;

/** Makes the error that a refusal means for the delivery. */
export function slackFailure(refusal: SlackRefusal): DeliveryError {
  const { code, retryAfterMs } = refusal;
  const known = Object.hasOwn(meanings, code) ? meanings[code] : undefined;
  const text = describe(refusal, known?.advice);
  if (known?.reason === 'TargetNotFound' && refusal.isChannelChosen === true) {
    return DeliveryError.permanent(text, known.reason);
  }
  if (known !== undefined) {
    return DeliveryError.retry(text, known.reason, retryAfterMs === undefined ? {} : { retryAfterMs });
  }
  if (tooLarge.test(code)) return DeliveryError.permanent(text, 'PayloadTooLarge');
  if (malformed.test(code)) return DeliveryError.permanent(text, 'Rejected');
  return DeliveryError.retry(text, 'ServerError');
}

/** Tells whether Slack has a meaning for an answer's text. */
export function isSlackCode(code: string): boolean {
  if (!/^[a-z0-9_-]{1,80}$/.test(code)) return false;
  return Object.hasOwn(meanings, code) || tooLarge.test(code) || malformed.test(code);
}

function describe({ action, endpoint, code, channel, details = [] }: SlackRefusal, advice?: string): string {
  const place = channel === undefined ? '' : ` [channel=${channel}]`;
  const said = details.length === 0 ? '' : ` (${details.join('; ').slice(0, 300)})`;
  return `${endpoint} refused ${action}${place}: ${code}${said}${advice === undefined ? '' : `; ${advice}`}`;
}

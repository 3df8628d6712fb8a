import { type DeliveryError } from '../sink-kit/index.ts';

type Reason = DeliveryError['reason'];

/** What a code of AWS means for the delivery. */
export interface AwsMeaning {
  readonly reason: Reason;
  readonly permanent: boolean;
  /** What to do about it. */
  readonly advice?: string;
}

const retry = (reason: Reason, advice?: string): AwsMeaning => ({
  reason,
  permanent: false,
  ...(advice !== undefined && { advice }),
});

const unauthorized = retry('Unauthorized', 'check the access key and its secret');
const expired = retry('Unauthorized', 'the credentials have expired: renew them');
const skewed = retry('Unauthorized', "the operator's clock and that of AWS differ: check the node's time");
const forbidden = retry(
  'Forbidden',
  'allow it in the IAM policy, and in the policy of the resource and its KMS key',
);
const missing = retry('TargetNotFound', 'check name, region and account');
const throttled = retry('Throttled');
const failed = retry('ServerError');
const tooLarge: AwsMeaning = {
  reason: 'PayloadTooLarge',
  permanent: true,
  advice: 'send less with a layout, or set delivery.oversized',
};

/**
 * The codes of all services, as `plainCode` writes them: the common ones
 * (https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html), STS, and what each service's API reference lists.
 */
const meanings: Readonly<Record<string, AwsMeaning>> = {
  unrecognizedclient: unauthorized,
  invalidclienttokenid: unauthorized,
  invalidclienttoken: unauthorized,
  invalidaccesskeyid: unauthorized,
  signaturedoesnotmatch: unauthorized,
  invalidsignature: unauthorized,
  incompletesignature: unauthorized,
  missingauthenticationtoken: unauthorized,
  invalidsecurity: unauthorized,
  authfailure: unauthorized,
  invalidtoken: unauthorized,
  invalididentitytoken: unauthorized,
  idprejectedclaim: unauthorized,
  expiredtoken: expired,
  tokenrefreshrequired: expired,
  requestexpired: skewed,
  requestinthefuture: skewed,
  requesttimetooskewed: skewed,

  accessdenied: forbidden,
  authorization: forbidden,
  notauthorized: forbidden,
  notauthorizedforsource: forbidden,
  notauthorizedfordetailtype: forbidden,
  unauthorizedoperation: forbidden,
  optinrequired: forbidden,
  disabled: retry('Forbidden', 'the KMS key, the endpoint or the region is disabled: enable it'),
  endpointdisabled: retry('Forbidden', 'the endpoint is disabled: enable it'),
  regiondisabled: retry('Forbidden', 'AWS STS is not active in the region: activate it in the account'),
  invalidkmsresource: retry('Forbidden', 'the KMS key cannot be used: check its state and its policy'),
  invalidkeyusage: retry('Forbidden', 'the KMS key cannot be used: check its state and its policy'),
  opsitemaccessdenied: forbidden,
  invalidstate: retry('Forbidden', 'the resource or its KMS key is not ready to be used: check its state'),

  resourcenotfound: missing,
  queuedoesnotexist: missing,
  nonexistentqueue: missing,
  queuedeletedrecently: missing,
  invalidaddress: missing,
  notfound: missing,

  throttling: throttled,
  throttled: throttled,
  requestthrottled: throttled,
  requestlimitexceeded: throttled,
  toomanyrequests: throttled,
  bandwidthlimitexceeded: throttled,
  slowdown: throttled,
  overlimit: throttled,
  provisionedthroughputexceeded: throttled,
  limitexceeded: throttled,
  opsitemlimitexceeded: retry('Throttled', 'the account holds as many OpsItems as it may: resolve some'),

  requesttimeout: retry('Timeout'),
  internalfailure: failed,
  internal: failed,
  internalserver: failed,
  serviceunavailable: failed,
  unavailable: failed,
  priorrequestnotcomplete: failed,

  opsitemalreadyexists: { reason: 'Rejected', permanent: true },

  batchrequesttoolong: tooLarge,
  messagetoolong: tooLarge,
  requestentitytoolarge: tooLarge,
  requesttoolarge: tooLarge,
  payloadtoolarge: tooLarge,
};

/** Some services have no code of their own for what is too long. */
const saysTooLarge =
  /(shorter|less) than \d+ bytes|too (long|large)|exceeds? the (maximum|size|limit)|larger than/i;

/** Finds what a code means; undefined when it is not in the table. */
export function meaningOf(code: string, message = ''): AwsMeaning | undefined {
  const plain = plainCode(code);
  // A wrong clock has the same codes as a wrong key.
  if (/signature (expired|not yet current)/i.test(message.slice(0, 1_000))) return skewed;
  // Firehose says ServiceUnavailable when a stream gets more than its share.
  if (plain === 'serviceunavailable' && /slow down/i.test(message)) return throttled;
  if (Object.hasOwn(meanings, plain)) return meanings[plain];
  return saysTooLarge.test(message.slice(0, 1_000)) ? tooLarge : undefined;
}

/** Takes off what services write around the same code: `com.amazon.coral#`, `AWS.SimpleQueueService.`, `KMS`, `Exception`. */
function plainCode(code: string): string {
  return code
    .slice(0, 200)
    .replace(/^.*[.#]/, '')
    .replace(/:.*$/, '')
    .replace(/(Exception|Error|Fault)$/, '')
    .replace(/(Exception|Error|Fault)$/, '')
    .toLowerCase()
    .replace(/^kms/, '');
}

/**
 * Every reason that a condition, a failure or an Event of ours can carry, with what it means. The one table: the
 * documentation (docs/reference/reasons.md) is generated from it.
 */
export const reasons = {
  // Ready, Accepted
  Pending:
    'Not judged yet: the operator has not looked at it, or something that it depends on is not known or not valid.',
  Ready: 'The object is in use and nothing is wrong with it.',
  Accepted: 'The specification is valid.',
  InvalidSpec: 'The specification breaks its schema; the message names the field.',
  InvalidPattern: 'A pattern of a rule is neither RE2 nor a shell glob.',
  InvalidExpression: 'A `when` expression is no CEL expression over `event` that gives a boolean.',
  InvalidTemplate: 'A template or layout of the receiver does not compile.',
  InvalidConfig: 'The sink refused its configuration when it was opened.',
  SinkNotAllowed: "The sink writes to the operator's own machine, which only the root namespace may do.",
  // ResolvedRefs
  ResolvedRefs: 'Every object that is referred to exists and may be used.',
  ReceiverNotFound: 'A rule, or `deadLetterRef`, names an EventReceiver that does not exist.',
  RefNotPermitted:
    'A rule names an EventReceiver of another namespace whose allowedRoutes does not let this one in.',
  SecretNotFound: 'A Secret that the receiver refers to does not exist or may not be read.',
  SecretKeyNotFound: 'A Secret that the receiver refers to does not hold the named key.',
  DeadLetterCycle:
    'A receiver would get its own dead letters back by way of `deadLetterRef`, or they would go through more than 16 receivers; they are dropped instead.',
  // Delivering
  Delivering: 'The last attempts to deliver succeeded.',
  Idle: 'Nothing has been delivered yet, and nothing is known to be wrong.',
  Suspended: '`spec.suspend` or `mode: Suspend` holds deliveries back.',
  Shadow: '`mode: Shadow`: the route matches and counts, and sends nothing.',
  ReceiverNotReady: 'A receiver of the route is not ready; see its own conditions.',
  // failures of attempts
  Unreachable: 'The system could not be reached: no such host, connection refused or reset.',
  Timeout: 'The system did not answer within `delivery.timeout`.',
  TLSFailed: "The TLS handshake failed: the system's certificate, or ours, was not accepted.",
  Unauthorized: 'The system refused the credentials.',
  Forbidden: 'The credentials are known, but may not do this.',
  TargetNotFound: 'The topic, queue, index, channel or path does not exist.',
  Throttled: 'The system asked to slow down.',
  ServerError: 'The system failed on its side.',
  Rejected: 'The system refused the event itself; sending it again would not help.',
  PayloadTooLarge: 'The rendered event is larger than the system takes.',
  RenderFailed: 'A template could not be rendered for this event.',
  AddressNotAllowed:
    'The address is on the loopback, link-local or API server network, which receivers may not reach.',
  // what ends an event without delivery
  QueueFull: 'The buffer was full, and `buffer.onFull` says what goes.',
  RateLimited:
    'The event was over `delivery.rateLimit`; the Event of the same reason that the receiver gets tells how many were.',
  Expired: 'Retries went on for `retry.maxAge` without success.',
  Folded: 'The `throttle` of a rule held the event back, and a later one of its group went out for it.',
  ReceiverGone: 'The receiver was deleted while the event waited.',
  ShuttingDown: 'The operator stopped before the event could be delivered.',
  // gaps: what may be missing for good
  HistoryExpired: 'The API server had forgotten Events that a receiver had not got yet.',
  HistoryReplaced:
    "The API server's data was replaced, as by a restored backup; what happened meanwhile is not known.",
  // Events about our objects
  DeliveryFailing: 'Deliveries of the receiver began to fail.',
  DeliveryRecovered: 'Deliveries of the receiver succeed again.',
  Test: 'The event that `eventroute send-test` asked for; no Event of the API server.',
} as const;

/** A reason out of the closed table. */
export type Reason = keyof typeof reasons;

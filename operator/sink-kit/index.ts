/** The one door of the sink kit: all that a sink may use besides npm packages. */
export { Type } from '@sinclair/typebox';

export { Duration, OneOf, Quantity, Secret, Text } from '../schema/fields.ts';
export { type AddressGuard, type AddressGuardOptions, createAddressGuard } from './address-guard.ts';
export { excerpt } from './clean-text.ts';
export { type AuthConfig, authFields, authorizationOf, basicAuthorization } from './auth.ts';
export { DeliveryError } from './delivery-error.ts';
export { formatGoTime } from './go-layout.ts';
export { createGuardedLookup, refuseLiteralAddress } from './guarded-lookup.ts';
export { type Headers, checkHeaderName, headerValue, mergeHeaders } from './http-headers.ts';
export { headerOf, type HttpResponse } from './http-response.ts';
export { failureOfResponse } from './http-status.ts';
export { createHttpClient } from './http.ts';
export { type HttpClient, type HttpClientOptions, type HttpRequest } from './http-client.ts';
export { toDeliveryError } from './network-error.ts';
export { encodePayload, type PayloadConfig, payloadFields, textPayload } from './payload.ts';
export {
  defineSink,
  type DeliveryDefaults,
  type Encoded,
  type Outgoing,
  type Sink,
  type SinkContext,
  type SinkDefinition,
  type SinkEvent,
} from './sink.ts';
export { type PartOfBatch, sendInOrder } from './send-in-order.ts';
export { takePayloads } from './take-payloads.ts';
export { createRedactor, openSink, type Redactor, withRedaction } from './redact.ts';
export { parseRetryAfter } from './retry-after.ts';
export { SecretMap, SecretTls, type TlsSecret } from './secret-fields.ts';
export { createTlsOptions, type TlsConfig, tlsField, type TlsOptions } from './tls.ts';
export { compileText } from './compile.ts';
export {
  type ConfigProblem,
  resolveConfig,
  type ResolvedConfig,
  type ResolveOptions,
  type SecretRef,
  secretRefs,
} from './resolve.ts';
export { createUrlTemplate, type UrlTemplate } from './url-template.ts';
export { compileHeaders } from './templated-headers.ts';
export {
  type DocumentOptions,
  type EventLayout,
  Layout,
  type MarkupDocument,
  MarkupLayout,
  MarkupTemplate,
  type MarkupText,
  Template,
  type TextTemplate,
} from './template-fields.ts';

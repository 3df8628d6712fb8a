/** The one door of the sink kit: all that a sink may use besides npm packages. */
export { Type } from '@sinclair/typebox';

export { Duration, OneOf, Quantity, Secret, Text } from '../schema/fields.ts';
export { DeliveryError } from './delivery-error.ts';
export { encodePayload, type PayloadConfig, payloadFields, textPayload } from './payload.ts';
export {
  defineSink,
  type Encoded,
  type Outgoing,
  type Sink,
  type SinkContext,
  type SinkDefinition,
  type SinkEvent,
} from './sink.ts';
export {
  type DocumentOptions,
  type EventLayout,
  Layout,
  Template,
  type TextTemplate,
} from './template-fields.ts';

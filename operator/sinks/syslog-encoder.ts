import { hostname } from 'node:os';

import {
  DeliveryError,
  type Encoded,
  encodePayload,
  type PayloadConfig,
  type SinkEvent,
  type TextTemplate,
} from '../sink-kit/index.ts';
import {
  type Facility,
  parseSeverity,
  type SyslogContent,
  type SyslogMessage,
  writeRfc3164,
  writeRfc5424,
} from './syslog-message.ts';

const defaultTag = 'eventroute';
const severityWarning = 4;
const severityInformational = 6;
const warnEveryMs = 60_000;

/** What a syslog message is made of. */
export interface SyslogEncoderConfig extends PayloadConfig {
  readonly format: 'RFC5424' | 'RFC3164';
  readonly facility: Facility;
  readonly severity?: TextTemplate | undefined;
  readonly tag?: TextTemplate | undefined;
  readonly hostname?: TextTemplate | undefined;
  readonly message?: TextTemplate | undefined;
  readonly structuredData: boolean;
  readonly enterpriseNumber: number;
  readonly byteOrderMark: boolean;
  readonly maxBytes: number;
}

/**
 * Creates the function that writes an event as a syslog message.
 * @throws DeliveryError (permanent, InvalidConfig) when the severity is none.
 */
export function createSyslogEncoder(
  config: SyslogEncoderConfig,
  warn: (message: string) => void,
): (event: SinkEvent) => Encoded<Buffer> {
  const fixed = config.severity?.constant;
  if (fixed !== undefined && parseSeverity(fixed) === undefined) {
    throw DeliveryError.permanent(
      `severity is ${JSON.stringify(fixed)}: ${severityExpected}`,
      'InvalidConfig',
    );
  }
  const warnSometimes = atIntervals(warn);
  return (event) => {
    const content = { ...contentOf(event, config), severity: severityOf(event, config, warnSometimes) };
    const { bytes, wholeBytes } = write(content, event, config);
    if (bytes.length < wholeBytes) {
      warnSometimes(
        `cut the syslog message of event ${event.key} from ${wholeBytes} to ${bytes.length} bytes; ` +
          'shorten it by a layout, raise maxBytes, or set network: tcp',
      );
    }
    return { payload: bytes, bytes: bytes.length };
  };
}

const severityExpected =
  'write emergency, alert, critical, error, warning, notice, informational, debug or a number from 0 to 7';

function contentOf(event: SinkEvent, config: SyslogEncoderConfig): Omit<SyslogContent, 'severity'> {
  return {
    facility: config.facility,
    time: event.time,
    hostname: rendered(config.hostname, event) ?? (event.event.host || hostname()),
    tag: rendered(config.tag, event) ?? defaultTag,
    messageId: event.event.reason,
    text: config.message?.render(event) ?? escapeBeyondAscii(encodePayload(config, event)),
  };
}

/** An empty text counts as none, as a template may find nothing to say. */
function rendered(template: TextTemplate | undefined, event: SinkEvent): string | undefined {
  const text = template?.render(event).trim();
  return text === '' ? undefined : text;
}

/** An event is worth more than its severity: one that cannot be read is replaced, not refused. */
function severityOf(event: SinkEvent, config: SyslogEncoderConfig, warn: (message: string) => void): number {
  const byType = event.event.type === 'Warning' ? severityWarning : severityInformational;
  const text = rendered(config.severity, event);
  if (text === undefined) return byType;
  const severity = parseSeverity(text);
  if (severity === undefined)
    warn(
      `severity rendered to ${JSON.stringify(text.slice(0, 40))}, used the one of the event's type; ${severityExpected}`,
    );
  return severity ?? byType;
}

function write(content: SyslogContent, event: SinkEvent, config: SyslogEncoderConfig): SyslogMessage {
  if (config.format === 'RFC3164') return writeRfc3164(content, config.maxBytes);
  const element = { id: `eventroute@${config.enterpriseNumber}`, parameters: parametersOf(event) };
  return writeRfc5424(content, {
    element: config.structuredData ? element : undefined,
    byteOrderMark: config.byteOrderMark,
    maxBytes: config.maxBytes,
  });
}

function parametersOf({ event, key, number }: SinkEvent): Record<string, string> {
  const { kind, namespace, name } = event.involvedObject;
  return {
    key,
    cluster: event.clusterName,
    type: event.type,
    reason: event.reason,
    count: String(number),
    kind,
    namespace,
    name,
  };
}

/** JSON in plain ASCII means the same and needs no byte order mark, which readers would take as part of the JSON. */
function escapeBeyondAscii(json: string): string {
  return json.replace(
    /[\u007f-\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function atIntervals(warn: (message: string) => void): (message: string) => void {
  let warnedAtMs = Number.NEGATIVE_INFINITY;
  return (message) => {
    const nowMs = performance.now();
    if (nowMs - warnedAtMs < warnEveryMs) return;
    warnedAtMs = nowMs;
    warn(message);
  };
}

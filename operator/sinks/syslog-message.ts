/** Facility names by their numbers (RFC 5424 6.2.1), as rsyslog writes them. */
export const facilities = [
  'kern',
  'user',
  'mail',
  'daemon',
  'auth',
  'syslog',
  'lpr',
  'news',
  'uucp',
  'cron',
  'authpriv',
  'ftp',
  'ntp',
  'audit',
  'alert',
  'clock',
  'local0',
  'local1',
  'local2',
  'local3',
  'local4',
  'local5',
  'local6',
  'local7',
] as const;

/** The name of a facility. */
export type Facility = (typeof facilities)[number];

const severityNames: readonly (readonly string[])[] = [
  ['emergency', 'emerg', 'panic'],
  ['alert'],
  ['critical', 'crit'],
  ['error', 'err'],
  ['warning', 'warn'],
  ['notice'],
  ['informational', 'info'],
  ['debug'],
];

/** Finds the number of a severity by its name or number (RFC 5424 6.2.1); undefined when the text is neither. */
export function parseSeverity(text: string): number | undefined {
  const name = text.trim().toLowerCase();
  const number = severityNames.findIndex((names, index) => names.includes(name) || String(index) === name);
  return number === -1 ? undefined : number;
}

/** What a syslog message says. Texts may be of any length and hold any character. */
export interface SyslogContent {
  readonly facility: Facility;
  readonly severity: number;
  readonly time: Date;
  readonly hostname: string;
  /** APP-NAME of RFC 5424, TAG of RFC 3164. */
  readonly tag: string;
  /** MSGID of RFC 5424: the kind of message. */
  readonly messageId: string;
  readonly text: string;
}

/** The structured data of RFC 5424: one element with its parameters. */
export interface StructuredElement {
  /** SD-ID: `name@<enterprise number>`. */
  readonly id: string;
  readonly parameters: Readonly<Record<string, string>>;
}

/** How RFC 5424 messages are written. */
export interface Rfc5424Options {
  readonly element?: StructuredElement | undefined;
  /** Puts a byte order mark before text that is not ASCII (RFC 5424 6.4). */
  readonly byteOrderMark: boolean;
  /** No message gets longer than this; at least 480. */
  readonly maxBytes: number;
}

/** A message for the wire, and how long it would have been. */
export interface SyslogMessage {
  readonly bytes: Buffer;
  readonly wholeBytes: number;
}

const nil = '-';
const byteOrderMark = '\ufeff';
const maxParameterLength = 256;

/** Writes a message as RFC 5424 has it. When it is too long, the text is cut, after that the structured data goes. */
export function writeRfc5424(content: SyslogContent, options: Rfc5424Options): SyslogMessage {
  const header = [
    `<${priority(content)}>1`,
    content.time.toISOString(),
    headerField(content.hostname, 255),
    headerField(content.tag, 48),
    nil,
    headerField(content.messageId, 32),
  ].join(' ');
  const data = options.element === undefined ? nil : writeElement(options.element);
  const needsMark = options.byteOrderMark && !isAscii(content.text);
  const text = `${needsMark ? byteOrderMark : ''}${content.text}`;
  const wholeBytes = Buffer.byteLength(`${header} ${data} ${text}`);
  const start =
    Buffer.byteLength(`${header} ${data} `) <= options.maxBytes ? `${header} ${data} ` : `${header} ${nil} `;
  return { bytes: cutText(start, text, options.maxBytes), wholeBytes };
}

/** Writes a message in the BSD form (RFC 3164 4.1), with the local time of this process, as that form has no zone. */
export function writeRfc3164(content: SyslogContent, maxBytes: number): SyslogMessage {
  const start = `<${priority(content)}>${bsdTime(content.time)} ${headerField(content.hostname, 255)} ${bsdTag(content.tag)}: `;
  return {
    bytes: cutText(start, content.text, maxBytes),
    wholeBytes: Buffer.byteLength(start) + Buffer.byteLength(content.text),
  };
}

/** Frames a message for a stream by its length (RFC 6587 3.4.1). */
export function frameByCount(message: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${message.length} `), message]);
}

/** Frames a message for a stream by a line feed (RFC 6587 3.4.2), which the message itself must not hold then. */
export function frameByLineFeed(message: Buffer): Buffer {
  const text = message.toString('utf8').replace(/[\r\n\0]+/g, ' ');
  return Buffer.from(`${text}\n`);
}

function priority({ facility, severity }: SyslogContent): number {
  return facilities.indexOf(facility) * 8 + severity;
}

/** Header fields are printable ASCII without spaces (RFC 5424 6); every other character becomes an underscore. */
function headerField(text: string, maxLength: number): string {
  const clean = text.slice(0, maxLength).replace(/[^\x21-\x7e]/g, '_');
  return clean === '' ? nil : clean;
}

/** A colon or bracket would end the tag early for those who read it. */
function bsdTag(text: string): string {
  return headerField(text, 32).replace(/[:[\]]/g, '_');
}

function writeElement({ id, parameters }: StructuredElement): string {
  const written = Object.entries(parameters)
    .filter(([, value]) => value !== '')
    .map(([name, value]) => ` ${name}="${escapeParameter(value)}"`);
  return `[${id}${written.join('')}]`;
}

/** RFC 5424 6.3.3. Control characters are allowed there, but break the log files that the message ends up in. */
function escapeParameter(value: string): string {
  return value
    .slice(0, maxParameterLength)
    .toWellFormed()
    .replace(/[\u0000-\u001f\u007f]/g, ' ')
    .replace(/["\\\]]/g, (character) => `\\${character}`);
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'] as const;

/** `Jan  2 15:04:05`, the day padded with a space. */
function bsdTime(time: Date): string {
  const clock = [time.getHours(), time.getMinutes(), time.getSeconds()].map((part) =>
    String(part).padStart(2, '0'),
  );
  return `${months[time.getMonth()] ?? ''} ${String(time.getDate()).padStart(2)} ${clock.join(':')}`;
}

function isAscii(text: string): boolean {
  return /^[\x00-\x7f]*$/.test(text);
}

/** Cuts the text, never within a UTF-8 character. */
function cutText(start: string, text: string, maxBytes: number): Buffer {
  const bytes = Buffer.from(start + text);
  if (bytes.length <= maxBytes) return bytes;
  let end = maxBytes;
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return bytes.subarray(0, end);
}

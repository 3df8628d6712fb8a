import type { Static } from '@sinclair/typebox';

import {
  defineSink,
  OneOf,
  payloadFields,
  Quantity,
  type Sink,
  Template,
  Text,
  tlsField,
  Type,
} from '../sink-kit/index.ts';
import { closable } from './closable.ts';
import { longestDatagramBytes } from './datagram-sender.ts';
import { createSyslogEncoder, type SyslogEncoderConfig } from './syslog-encoder.ts';
import { facilities } from './syslog-message.ts';
import { createSyslogTarget, framings, networks } from './syslog-target.ts';

/** Every receiver takes messages of this size (RFC 5424 6.1), so none is cut shorter. */
const shortestLimitBytes = 480;
/** The number that IANA keeps for examples (RFC 5612). */
const exampleEnterpriseNumber = 32_473;

const config = Type.Object({
  network: Type.Optional(
    OneOf(networks, {
      description:
        "How messages travel: `udp`, `tcp`, `tls` (RFC 5425), or `unix`, a socket of the operator's own machine, which " +
        'only the root namespace may use. Node.js opens stream sockets only, so `unix` needs a daemon that listens on ' +
        'one (rsyslog imptcp, syslog-ng unix-stream); the usual /dev/log takes datagrams. An empty text means `unix`. ' +
        'Syslog has no answers: over tcp and tls an event counts as delivered when the operating system took it and ' +
        'the connection still stood, over udp when no refusal came back at once.',
      default: 'unix',
      examples: ['tls'],
    }),
  ),
  address: Type.Optional(
    Text({
      description:
        'Where to send to: `host:port`, by default port 514 (tls: 6514); with `unix` the path of a socket, by default ' +
        'the first of /dev/log, /var/run/syslog and /var/run/log.',
      examples: ['syslog.example.com:6514'],
    }),
  ),
  tls: Type.Optional(tlsField),
  framing: Type.Optional(
    OneOf(framings, {
      description:
        'How messages follow each other in a stream (RFC 6587): `OctetCounting` writes the length before each, ' +
        '`NonTransparent` a line feed after each and replaces line feeds in the text. By default tls and RFC5424 over ' +
        'tcp count, RFC3164 over tcp and unix do not.',
    }),
  ),
  format: Type.Optional(
    OneOf(['RFC5424', 'RFC3164'], {
      description: 'The form of a message: RFC5424, or the older BSD form RFC3164.',
      default: 'RFC5424',
    }),
  ),
  facility: Type.Optional(
    OneOf(facilities, {
      description: 'The facility of the messages.',
      default: 'local0',
      examples: ['user'],
    }),
  ),
  severity: Type.Optional(
    Template({
      description:
        'The severity: emergency, alert, critical, error, warning, notice, informational, debug, or 0 to 7. By default ' +
        'warning for events of type Warning, else informational; so it is when a template gives none of these.',
      examples: ['{{ if eq .Reason "OOMKilling" }}critical{{ else }}notice{{ end }}'],
    }),
  ),
  tag: Type.Optional(
    Template({
      description:
        'The name of the sender: APP-NAME in RFC5424 (48 characters), TAG in RFC3164 (32). By default eventroute.',
      examples: ['k8s.event'],
    }),
  ),
  hostname: Type.Optional(
    Template({
      description:
        "The host that messages are from. By default the event's host (the node), else the name of the operator's pod.",
      examples: ['{{ .InvolvedObject.Name }}'],
    }),
  ),
  message: Type.Optional(
    Template({
      description: 'The text of the message instead of the JSON document of the event.',
      examples: ['{{ .InvolvedObject.Kind }}/{{ .InvolvedObject.Name }}: {{ .Message }}'],
    }),
  ),
  ...payloadFields,
  structuredData: Type.Optional(
    Type.Boolean({
      description:
        'Adds structured data to RFC5424 messages: key (the same for every copy of an event), cluster, type, reason, ' +
        'count, kind, namespace, name.',
      default: true,
    }),
  ),
  enterpriseNumber: Type.Optional(
    Type.Integer({
      description:
        "The IANA private enterprise number in the structured data's name, `eventroute@32473`. 32473 is the one that RFC " +
        '5612 keeps for examples; set the number of your organisation where one is asked for.',
      default: exampleEnterpriseNumber,
      minimum: 0,
      maximum: 4_294_967_295,
    }),
  ),
  byteOrderMark: Type.Optional(
    Type.Boolean({
      description:
        'Puts the byte order mark that RFC 5424 asks for before a `message` that is not plain ASCII; some servers keep ' +
        'it in the text. The JSON document is always plain ASCII.',
      default: true,
    }),
  ),
  maxBytes: Type.Optional(
    Quantity({
      description:
        'Messages longer than this are cut at their end, at least 480 bytes are kept, and the log says so. By default ' +
        '65507 bytes over udp and no limit elsewhere; rsyslog itself cuts at 8Ki unless told otherwise.',
      examples: ['8Ki'],
    }),
  ),
});

type Config = Static<typeof config>;

export default defineSink({
  summary: 'Sends each event as a syslog message over UDP, TCP, TLS or a Unix socket.',
  config,
  example: { network: 'tls', address: 'syslog.example.com:6514', tag: 'k8s.event' },
  defaults: { batch: { maxEvents: 100, maxWaitMs: 100 } },
  // A burst of datagrams is more than many receivers' buffers hold.
  defaultsFor: ({ network }) => (network === 'udp' ? { concurrency: 1 } : {}),
  open: (written, context): Sink<Buffer> => {
    const { network = 'unix', address, tls, framing = defaultFraming(written) } = written;
    const target = createSyslogTarget({ network, address, tls, framing }, context);
    const encode = createSyslogEncoder(withDefaults(written), context.warn);
    return closable({
      get endpoint() {
        return target.endpoint;
      },
      encode,
      send: (batch, signal) =>
        target.send(
          batch.map(({ payload }) => payload),
          signal,
        ),
      check: (signal) => target.check(signal),
      close: () => target.close(),
    });
  },
});

/** RFC 5425 knows nothing but counting; receivers of the older form often know nothing but lines. */
function defaultFraming({ network, format }: Config): (typeof framings)[number] {
  if (network === 'tls') return 'OctetCounting';
  return network === 'tcp' && format !== 'RFC3164' ? 'OctetCounting' : 'NonTransparent';
}

function withDefaults(config: Config): SyslogEncoderConfig {
  const mostBytes = config.network === 'udp' ? longestDatagramBytes : Number.MAX_SAFE_INTEGER;
  return {
    ...config,
    format: config.format ?? 'RFC5424',
    facility: config.facility ?? 'local0',
    structuredData: config.structuredData ?? true,
    enterpriseNumber: config.enterpriseNumber ?? exampleEnterpriseNumber,
    byteOrderMark: config.byteOrderMark ?? true,
    maxBytes: Math.max(shortestLimitBytes, Math.min(config.maxBytes ?? mostBytes, mostBytes)),
  };
}

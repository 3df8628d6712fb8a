import { createSocket } from 'node:dgram';
import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer as createTlsServer, type TlsOptions, type TLSSocket } from 'node:tls';

import { createAddressGuard } from '../../operator/sink-kit/address-guard.ts';
import { type SinkEvent, type TextTemplate } from '../../operator/sink-kit/index.ts';
import { parseSeverity, writeRfc5424 } from '../../operator/sinks/syslog-message.ts';
import syslog from '../../operator/sinks/syslog.ts';
import { createAuthority, issue } from '../sink-kit/certificates.ts';
import { describeSinkContract } from './contract.ts';
import {
  matching,
  noAbort,
  numberedEvent,
  outgoing,
  sinkContext,
  sinkEvent,
  timeoutError,
} from './sink-event.ts';

type Config = Parameters<typeof syslog.open>[0];

const text = (constant: string): TextTemplate => ({ constant, render: () => constant });
const perEvent = (render: (event: SinkEvent) => string): TextTemplate => ({ constant: undefined, render });

const udpConfig: Config = { network: 'udp', address: '127.0.0.1:9' };

/** What a sink with this configuration makes of an event. */
async function encoded(config: Config, event = sinkEvent(), context = sinkContext()): Promise<string> {
  const sink = await syslog.open({ ...udpConfig, ...config }, context);
  const { payload, bytes } = sink.encode(event);
  await sink.close();
  expect(bytes).toBe(payload.length);
  return payload.toString();
}

describe('a syslog message of RFC 5424', () => {
  it('has priority, time, host, name, kind, structured data and the JSON of the event', async () => {
    const message = await encoded({ tag: text('k8s.event') });
    const start =
      '<132>1 2026-03-01T10:20:30.000Z node-7 k8s.event - BackOff [eventroute@32473 key="uid-1-3" cluster="prod"' +
      ' type="Warning" reason="BackOff" count="3" kind="Pod" namespace="shop" name="web-1"] ';
    expect(message.slice(0, start.length)).toBe(start);
    expect(JSON.parse(message.slice(start.length))).toMatchObject({ reason: 'BackOff', count: 3 });
  });

  it('takes the severity from the type of the event', async () => {
    expect(await encoded({})).toMatch(/^<132>/);
    expect(await encoded({}, sinkEvent({ type: 'Normal' }))).toMatch(/^<134>/);
    expect(await encoded({ facility: 'user' }, sinkEvent({ type: '' }))).toMatch(/^<14>/);
  });

  it('takes facility and severity of the user, by name and by template', async () => {
    expect(await encoded({ facility: 'kern', severity: text('emerg') })).toMatch(/^<0>/);
    expect(await encoded({ facility: 'local7', severity: text('7') })).toMatch(/^<191>/);
    const severity = perEvent(({ event }) => (event.reason === 'BackOff' ? 'Error' : ''));
    expect(await encoded({ facility: 'user', severity })).toMatch(/^<11>/);
    expect(await encoded({ facility: 'user', severity }, sinkEvent({ reason: 'Killing' }))).toMatch(/^<12>/);
  });

  it('sends an event whose severity cannot be read with the one of its type, and says so once', async () => {
    const context = sinkContext();
    const sink = await syslog.open({ ...udpConfig, severity: perEvent(() => 'dire') }, context);
    for (const number of [1, 2]) {
      expect(sink.encode(numberedEvent(number)).payload.toString()).toMatch(/^<132>/);
    }
    expect(context.warnings).toHaveLength(1);
    expect(context.warnings[0]).toContain('severity rendered to "dire"');
    await sink.close();
  });

  it('names the host of the operator when the event has none, or the one of the user', async () => {
    const noHost = sinkEvent({ source: { component: 'scheduler' } });
    expect((await encoded({}, noHost)).split(' ')[2]).toBe(hostname());
    expect((await encoded({ hostname: text('edge') })).split(' ')[2]).toBe('edge');
  });

  it('keeps header fields to their characters and lengths', async () => {
    const event = sinkEvent({ reason: `Back Off "${'é'.repeat(50)}` });
    const message = await encoded(
      { tag: text(`my tag\n${'x'.repeat(60)}`), hostname: text('a b'), structuredData: false },
      event,
    );
    const [, , host, tag, , kind, data] = message.split(' ');
    expect([host, data]).toEqual(['a_b', '-']);
    expect(tag).toBe(`my_tag_${'x'.repeat(41)}`);
    expect(kind).toBe(`Back_Off_"${'_'.repeat(22)}`);
  });

  it('escapes what would end a parameter of the structured data', async () => {
    const event = sinkEvent({ involvedObject: { kind: 'Pod', name: 'a"b\\c]d\ne' } });
    expect(await encoded({}, event)).toContain(' name="a\\"b\\\\c\\]d e"] ');
  });

  it('keeps JSON in ASCII, so that no byte order mark gets into it', async () => {
    const message = await encoded({ structuredData: false }, sinkEvent({ message: 'żółć 🚀' }));
    expect(message).toMatch(/^[\x20-\x7e]+$/);
    expect(JSON.parse(message.slice(message.indexOf('{')))).toMatchObject({ message: 'żółć 🚀' });
  });

  it('marks text that is not ASCII as UTF-8, unless told not to', async () => {
    const config: Config = { message: perEvent(({ event }) => event.message), structuredData: false };
    const event = sinkEvent({ message: 'żółć' });
    expect(await encoded(config, event)).toMatch(/ - \ufeffżółć$/);
    expect(await encoded({ ...config, byteOrderMark: false }, event)).toMatch(/ - żółć$/);
    expect(await encoded(config, sinkEvent({ message: 'plain' }))).toMatch(/ - plain$/);
  });

  it('cuts a text that is too long between characters, and says so', async () => {
    const context = sinkContext();
    const config: Config = { message: text('é'.repeat(1_000)), maxBytes: 600 };
    const message = await encoded(config, sinkEvent(), context);
    expect(Buffer.byteLength(message)).toBeGreaterThanOrEqual(599);
    expect(Buffer.byteLength(message)).toBeLessThanOrEqual(600);
    expect(message).toMatch(/\] \ufeffé+$/);
    expect(context.warnings).toEqual([
      expect.stringMatching(
        /^cut the syslog message of event uid-1-3 from \d+ to (599|600) bytes; shorten it/,
      ),
    ]);
  });

  it('lets go of the structured data before it lets go of the header', () => {
    const content = {
      facility: 'user' as const,
      severity: 5,
      time: new Date(0),
      hostname: 'h',
      tag: 't',
      messageId: 'm',
      text: 'x'.repeat(900),
    };
    const element = { id: 'e@1', parameters: { a: 'y'.repeat(256), b: 'y'.repeat(256) } };
    const { bytes, wholeBytes } = writeRfc5424(content, { element, byteOrderMark: true, maxBytes: 480 });
    expect(bytes.toString()).toMatch(/^<13>1 1970-01-01T00:00:00.000Z h t - m - x+$/);
    expect(bytes.length).toBe(480);
    expect(wholeBytes).toBeGreaterThan(1_400);
  });

  it('fits every message of udp into a datagram', async () => {
    const message = await encoded({}, sinkEvent({ message: 'x'.repeat(100_000) }));
    expect(Buffer.byteLength(message)).toBe(65_507);
  });

  it('leaves messages of tcp whole', async () => {
    const event = sinkEvent({ message: 'x'.repeat(100_000) });
    expect((await encoded({ network: 'tcp' }, event)).length).toBeGreaterThan(100_000);
  });
});

describe('a syslog message of RFC 3164', () => {
  it('has priority, local time, host, tag and the JSON of the event', async () => {
    const lastTimestamp = new Date(2026, 2, 1, 9, 5, 7).toISOString().replace('.000', '');
    const message = await encoded(
      { format: 'RFC3164', tag: text('k8s: [event]') },
      sinkEvent({ lastTimestamp }),
    );
    expect(message).toMatch(/^<132>Mar {2}1 09:05:07 node-7 k8s___event_: \{"metadata"/);
  });
});

describe('parseSeverity', () => {
  it.each([
    ['emergency', 0],
    [' Emerg ', 0],
    ['crit', 2],
    ['ERR', 3],
    ['warn', 4],
    ['info', 6],
    ['7', 7],
    ['8', undefined],
    ['', undefined],
    ['fatal', undefined],
  ])('reads %j as %p', (written, expected) => {
    expect(parseSeverity(written)).toBe(expected);
  });
});

describe('syslog refuses when it is opened', () => {
  it.each<[string, Config, string]>([
    [
      'a network without an address',
      { network: 'tcp' },
      'address is required with network: tcp; write host:port',
    ],
    [
      'an address without a host',
      { network: 'udp', address: ':514' },
      'address is ":514": write host:port, for example logs.example.com:514 or [2001:db8::1]:514',
    ],
    [
      'TLS settings that would have no effect',
      { network: 'tcp', address: 'a:1', tls: {} },
      'tls is set, but network is "tcp": set network: tls, or remove tls',
    ],
    [
      'host and port for a local socket',
      { address: 'logs:514' },
      'address is "logs:514", but network: unix wants the path of a socket; set network: udp, tcp or tls to send to host:port',
    ],
    [
      'a severity that is none',
      { ...udpConfig, severity: text('fatal') },
      'severity is "fatal": write emergency, alert, critical, error, warning, notice, informational, debug or a number from 0 to 7',
    ],
  ])('%s', (_, config, message) => {
    expect(() => syslog.open(config, sinkContext())).toThrow(
      matching({ message, reason: 'InvalidConfig', permanent: true }),
    );
  });

  it('a certificate without its key', () => {
    expect(() => syslog.open({ network: 'tls', address: 'a:1', tls: { cert: 'x' } }, sinkContext())).toThrow(
      matching({ reason: 'InvalidConfig' }),
    );
  });

  it("a socket of the operator's machine for other namespaces", () => {
    expect(() => syslog.open({}, sinkContext({ isAddressAllowed: createAddressGuard() }))).toThrow(
      matching({ reason: 'SinkNotAllowed', permanent: true }),
    );
  });
});

describe('syslog over udp', () => {
  it('sends a datagram for each event', async () => {
    const received: string[] = [];
    const listener = createSocket('udp4').on('message', (bytes) => received.push(bytes.toString()));
    await new Promise<void>((resolve) => listener.bind(0, '127.0.0.1', resolve));
    const address = `127.0.0.1:${listener.address().port}`;
    const sink = await syslog.open(
      { network: 'udp', address, message: perEvent(({ event }) => event.message) },
      sinkContext(),
    );
    await sink.check?.(noAbort);
    await sink.send(outgoing(sink, [numberedEvent(1), numberedEvent(2)]), noAbort);
    while (received.length < 2) await new Promise((resolve) => listener.once('message', resolve));
    expect(received.map((message) => message.slice(-9))).toEqual(['message 1', 'message 2']);
    expect(sink.endpoint).toBe(address);
    await sink.close();
    listener.close();
  });
});

/** A server that keeps what it is sent, one text for each connection. */
interface Recorder {
  readonly server: Server;
  readonly address: string;
  readonly texts: string[];
  readonly sockets: Socket[];
  until(isTrue: () => boolean): Promise<void>;
  close(): Promise<void>;
}

const recorders: Recorder[] = [];

async function record(options: { tls?: TlsOptions; path?: string; port?: number } = {}): Promise<Recorder> {
  const texts: string[] = [];
  const sockets: Socket[] = [];
  let wake = (): void => undefined;
  const onSocket = (socket: Socket | TLSSocket): void => {
    const index = sockets.push(socket) - 1;
    texts.push('');
    socket.on('error', () => undefined);
    socket.on('close', () => wake());
    socket.on('data', (bytes: Buffer) => {
      texts[index] = (texts[index] ?? '') + bytes.toString();
      wake();
    });
    wake();
  };
  const server = options.tls === undefined ? createServer(onSocket) : createTlsServer(options.tls, onSocket);
  server.on('tlsClientError', () => undefined);
  if (options.path === undefined) server.listen(options.port ?? 0, '127.0.0.1');
  else server.listen(options.path);
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = options.path === undefined ? (server.address() as AddressInfo) : { port: 0 };
  const recorder = {
    server,
    address: options.path ?? `127.0.0.1:${port}`,
    texts,
    sockets,
    until: async (isTrue: () => boolean) => {
      while (!isTrue()) await new Promise<void>((resolve) => (wake = resolve));
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  recorders.push(recorder);
  return recorder;
}

afterEach(async () => {
  await Promise.all(recorders.splice(0).map((recorder) => recorder.close()));
});

const short: Config = { message: perEvent(({ event }) => event.message), structuredData: false };

describe('syslog over tcp', () => {
  it('counts the bytes of each message, and uses one connection', async () => {
    const server = await record();
    const sink = await syslog.open({ ...short, network: 'tcp', address: server.address }, sinkContext());
    await sink.send(outgoing(sink, [numberedEvent(1, 'żółć'), numberedEvent(2, 'a\nb')]), noAbort);
    await sink.send(outgoing(sink, [numberedEvent(3, 'last')]), noAbort);
    await server.until(() => server.texts[0]?.endsWith('last') ?? false);
    const stream = Buffer.from(server.texts[0] ?? '');
    const messages: string[] = [];
    for (let start = 0; start < stream.length;) {
      const space = stream.indexOf(' ', start);
      const end = space + 1 + Number(stream.toString('utf8', start, space));
      messages.push(stream.toString('utf8', space + 1, end));
      start = end;
    }
    expect(messages.map((message) => message.slice(message.indexOf(' BackOff - ') + 11))).toEqual([
      '\ufeffżółć',
      'a\nb',
      'last',
    ]);
    expect(server.sockets).toHaveLength(1);
    await sink.close();
  });

  it.each<[string, Config]>([
    ['is asked to', { framing: 'NonTransparent' }],
    ['writes RFC 3164', { format: 'RFC3164' }],
  ])('ends each message with a line feed when it %s, and keeps line feeds out of it', async (_, config) => {
    const server = await record();
    const sink = await syslog.open(
      { ...short, ...config, network: 'tcp', address: server.address },
      sinkContext(),
    );
    await sink.send(outgoing(sink, [numberedEvent(1, 'a\r\nb'), numberedEvent(2, 'c')]), noAbort);
    await server.until(() => server.texts[0]?.endsWith('c\n') ?? false);
    const lines = (server.texts[0] ?? '').split('\n');
    expect(lines).toHaveLength(3);
    expect(lines[0]).toMatch(/^<132>.* a b$/);
    await sink.close();
  });

  it('connects anew after the server went away, and fails what went out meanwhile', async () => {
    const first = await record();
    const port = Number(first.address.split(':')[1]);
    const sink = await syslog.open({ ...short, network: 'tcp', address: first.address }, sinkContext());
    await sink.send(outgoing(sink, [numberedEvent(1)]), noAbort);
    await first.until(() => first.sockets.length === 1);
    await first.close();
    const batch = outgoing(sink, [numberedEvent(2)]);
    await expect(sink.send(batch, noAbort)).rejects.toMatchObject({
      reason: 'Unreachable',
      permanent: false,
    });
    const second = await record({ port });
    await sink.send(batch, noAbort);
    await second.until(() => second.texts[0]?.includes('message 2') ?? false);
    await sink.close();
  });

  it('does not count as delivered what the server resets at once', async () => {
    const server = await record();
    server.server.on('connection', (socket: Socket) => socket.on('data', () => socket.resetAndDestroy()));
    const sink = await syslog.open({ ...short, network: 'tcp', address: server.address }, sinkContext());
    await expect(sink.send(outgoing(sink, [numberedEvent(1)]), noAbort)).rejects.toMatchObject({
      reason: 'Unreachable',
    });
    await sink.close();
  });

  it('says that nobody listens', async () => {
    const server = await record();
    await server.close();
    const sink = await syslog.open({ ...short, network: 'tcp', address: server.address }, sinkContext());
    const expected = {
      message: `${server.address} refused the connection: check the port, and that the system is running`,
      reason: 'Unreachable',
    };
    await expect(sink.send(outgoing(sink, [sinkEvent()]), noAbort)).rejects.toMatchObject(expected);
    await expect(sink.check?.(noAbort)).rejects.toMatchObject(expected);
    await sink.close();
  });

  it('gives up at once on a server that does not read, and keeps nothing of it', async () => {
    const server = await record();
    server.server.on('connection', (socket: Socket) => socket.pause());
    const sink = await syslog.open({ ...short, network: 'tcp', address: server.address }, sinkContext());
    await sink.check?.(noAbort);
    const attempt = new AbortController();
    const sent = sink.send(outgoing(sink, [numberedEvent(1, 'x'.repeat(20_000_000))]), attempt.signal);
    attempt.abort(timeoutError());
    await expect(sent).rejects.toMatchObject({ reason: 'Timeout' });
    await server.until(() => server.sockets.length === 1);
    server.sockets[0]?.resume();
    await server.until(() => server.sockets[0]?.destroyed ?? false);
    await sink.close();
  });

  it('sends to no address that the guard refuses', async () => {
    const server = await record();
    const context = sinkContext({ isAddressAllowed: createAddressGuard() });
    const port = server.address.split(':')[1] ?? '';
    for (const address of [server.address, `localhost:${port}`]) {
      const sink = await syslog.open({ ...short, network: 'tcp', address }, context);
      await expect(sink.send(outgoing(sink, [sinkEvent()]), noAbort)).rejects.toMatchObject({
        reason: 'AddressNotAllowed',
      });
      await sink.close();
    }
    expect(server.sockets).toHaveLength(0);
  });

  it('sends nothing to check', async () => {
    const server = await record();
    const sink = await syslog.open({ ...short, network: 'tcp', address: server.address }, sinkContext());
    await sink.check?.(noAbort);
    await sink.close();
    await server.until(() => server.sockets[0]?.destroyed ?? false);
    expect(server.texts).toEqual(['']);
  });
});

describe('syslog over tls', () => {
  it('delivers with a client certificate, and tells when the server refuses to go without one', async () => {
    const authority = await createAuthority('Test CA');
    const [own, client] = await Promise.all([issue(authority, ['127.0.0.1']), issue(authority, ['client'])]);
    const server = await record({
      tls: { ...own, ca: authority.cert, requestCert: true, rejectUnauthorized: true },
    });
    const config: Config = { ...short, network: 'tls', address: server.address };

    const secret = { 'ca.crt': authority.cert, 'tls.crt': client.cert, 'tls.key': client.key };
    const sink = await syslog.open({ ...config, tls: { secretRef: secret } }, sinkContext());
    await sink.check?.(noAbort);
    await sink.send(outgoing(sink, [numberedEvent(1)]), noAbort);
    await server.until(() => server.texts[0]?.endsWith('message 1') ?? false);
    expect(server.texts[0]).toMatch(/^\d+ <132>1 /);
    await sink.close();

    const without = await syslog.open({ ...config, tls: { ca: authority.cert } }, sinkContext());
    const batch = outgoing(without, [numberedEvent(2)]);
    const expected = {
      reason: 'TLSFailed',
      permanent: false,
      message: expect.stringContaining('wants a client certificate') as string,
    };
    await expect(without.send(batch, noAbort)).rejects.toMatchObject(expected);
    await expect(without.check?.(noAbort)).rejects.toMatchObject(expected);
    await without.close();
  });

  it('does not speak to a server whose authority it does not know', async () => {
    const authority = await createAuthority('Test CA');
    const server = await record({ tls: await issue(authority, ['127.0.0.1']) });
    const sink = await syslog.open({ ...short, network: 'tls', address: server.address }, sinkContext());
    await expect(sink.send(outgoing(sink, [sinkEvent()]), noAbort)).rejects.toMatchObject({
      reason: 'TLSFailed',
      message: expect.stringContaining('put its CA into `ca.crt`') as string,
    });
    expect(server.texts.join('')).toBe('');
    await sink.close();
  });
});

describe('syslog over a Unix socket', () => {
  let folder = '';

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'syslog-sink-'));
  });

  afterEach(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  it('ends each message with a line feed', async () => {
    const server = await record({ path: join(folder, 'log') });
    const sink = await syslog.open({ ...short, network: '', address: server.address }, sinkContext());
    await sink.send(outgoing(sink, [numberedEvent(1), numberedEvent(2)]), noAbort);
    await server.until(() => server.texts[0]?.endsWith('message 2\n') ?? false);
    expect(sink.endpoint).toBe(server.address);
    await sink.close();
  });

  it('says that the socket does not exist, and delivers once it does', async () => {
    const address = join(folder, 'log');
    const sink = await syslog.open({ ...short, network: 'unix', address }, sinkContext());
    const batch = outgoing(sink, [numberedEvent(1)]);
    await expect(sink.send(batch, noAbort)).rejects.toMatchObject({
      reason: 'Unreachable',
      message: `${address} does not exist: check the path of the socket`,
    });
    const server = await record({ path: address });
    await sink.send(batch, noAbort);
    await server.until(() => server.texts[0]?.endsWith('message 1\n') ?? false);
    await sink.close();
  });
});

describeSinkContract('syslog over tcp', {
  definition: syslog,
  start: async () => {
    const server = await record();
    return {
      written: { network: 'tcp', address: server.address, structuredData: false },
      taken: () => server.texts.join('').split(' BackOff - ').length - 1,
      connections: () => server.sockets.filter((socket) => !socket.destroyed).length,
      [Symbol.asyncDispose]: () => server.close(),
    };
  },
  unrenderable: { message: '{{ .Series.Count }}' },
});

describeSinkContract('syslog over tls', {
  definition: syslog,
  start: async () => {
    const authority = await createAuthority('Test CA');
    const [own, client] = await Promise.all([issue(authority, ['127.0.0.1']), issue(authority, ['client'])]);
    const server = await record({
      tls: { ...own, ca: authority.cert, requestCert: true, rejectUnauthorized: true },
    });
    return {
      written: {
        network: 'tls',
        address: server.address,
        structuredData: false,
        tls: { ca: authority.cert, cert: client.cert, keySecretRef: { name: 'client', key: 'tls.key' } },
      },
      secrets: { client: { 'tls.key': client.key } },
      taken: () => server.texts.join('').split(' BackOff - ').length - 1,
      connections: () => server.sockets.filter((socket) => !socket.destroyed).length,
      [Symbol.asyncDispose]: () => server.close(),
    };
  },
});

import { createSocket, type Socket } from 'node:dgram';
import { type LookupFunction } from 'node:net';

import { createAddressGuard } from '../../operator/sink-kit/address-guard.ts';
import { createDatagramSender } from '../../operator/sinks/datagram-sender.ts';
import udp from '../../operator/sinks/udp.ts';
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

interface Listener {
  readonly port: number;
  readonly received: string[];
  /** Resolves when so many datagrams have come. */
  count(expected: number): Promise<void>;
  close(): Promise<void>;
}

async function listen(
  type: 'udp4' | 'udp6' = 'udp4',
  address = type === 'udp4' ? '127.0.0.1' : '::1',
): Promise<Listener> {
  const socket: Socket = createSocket(type);
  const received: string[] = [];
  socket.on('message', (bytes) => received.push(bytes.toString()));
  await new Promise<void>((resolve) => socket.bind(0, address, resolve));
  return {
    port: socket.address().port,
    received,
    count: async (expected) => {
      while (received.length < expected) await new Promise((resolve) => socket.once('message', resolve));
    },
    close: () => new Promise((resolve) => socket.close(() => resolve())),
  };
}

async function freePort(): Promise<number> {
  const listener = await listen();
  await listener.close();
  return listener.port;
}

describe('udp', () => {
  it('sends each event as one datagram with a line of JSON', async () => {
    const listener = await listen();
    const sink = await udp.open({ host: `127.0.0.1:${listener.port}` }, sinkContext());
    await sink.send(outgoing(sink, [numberedEvent(1), numberedEvent(2)]), noAbort);
    await listener.count(2);
    expect(listener.received.every((text) => text.endsWith('}\n'))).toBe(true);
    expect(listener.received.map((text) => (JSON.parse(text) as { message: string }).message)).toEqual([
      'message 1',
      'message 2',
    ]);
    await sink.close();
    await listener.close();
  });

  it('sends to an IPv6 address in brackets', async () => {
    const listener = await listen('udp6');
    const sink = await udp.open({ host: `[::1]:${listener.port}` }, sinkContext());
    await sink.send(outgoing(sink, [sinkEvent()]), noAbort);
    await listener.count(1);
    expect(sink.endpoint).toBe(`[::1]:${listener.port}`);
    await sink.close();
    await listener.close();
  });

  it('tells that nobody listens, and delivers when somebody does', async () => {
    const port = await freePort();
    const sink = await udp.open({ host: `127.0.0.1:${port}` }, sinkContext());
    const batch = outgoing(sink, [sinkEvent()]);
    await expect(sink.send(batch, noAbort)).rejects.toMatchObject({
      message: `127.0.0.1:${port} refused the connection: check the port, and that the system is running`,
      reason: 'Unreachable',
      permanent: false,
    });
    const socket = createSocket('udp4');
    await new Promise<void>((resolve) => socket.bind(port, '127.0.0.1', resolve));
    await sink.send(batch, noAbort);
    await sink.close();
    socket.close();
  });

  it('rejects an event that no datagram can carry, for good', async () => {
    const sink = await udp.open({ host: '127.0.0.1:9' }, sinkContext());
    const event = numberedEvent(1, 'x'.repeat(65_507));
    await expect(sink.send(outgoing(sink, [event]), noAbort)).rejects.toMatchObject({
      results: [{ reason: 'PayloadTooLarge', permanent: true }],
    });
    await sink.close();
  });

  it('sends what just fits', async () => {
    const listener = await listen();
    const sink = await udp.open({ host: `127.0.0.1:${listener.port}` }, sinkContext());
    const overhead = sink.encode(numberedEvent(1, 'x')).bytes - 1;
    await sink.send(outgoing(sink, [numberedEvent(1, 'x'.repeat(65_507 - overhead))]), noAbort);
    await listener.count(1);
    expect(listener.received[0]).toHaveLength(65_507);
    await sink.close();
    await listener.close();
  });

  it.each([
    [undefined, 65_507],
    [100, 100],
    [1_000_000, 65_507],
  ])('has with maxBytes %s a limit of %i bytes, which delivery keeps to', (maxBytes, limit) => {
    expect(udp.defaultsFor?.({ host: '127.0.0.1:9', maxBytes })).toEqual({ maxEventBytes: limit });
  });

  it('fails only the datagram that the network does not take', async () => {
    const listener = await listen();
    const lookup: LookupFunction = (_host, _options, done) => done(null, '127.0.0.1', 4);
    const sender = createDatagramSender({ host: 'logs', port: listener.port }, { lookup });
    const datagrams = [Buffer.from('one'), Buffer.alloc(65_508), Buffer.from('three')];
    await expect(sender.send(datagrams, noAbort)).rejects.toMatchObject({
      results: [undefined, { reason: 'PayloadTooLarge', permanent: true }, undefined],
    });
    await listener.count(2);
    expect(listener.received).toEqual(['one', 'three']);
    await sender.close();
    await listener.close();
  });

  it.each([
    'logs',
    ':514',
    'logs:0',
    'logs:70000',
    'http://logs:514',
    'a@b:514',
    '::1:514',
    'logs:514/x',
    '',
  ])('refuses %j as host when it is opened', (host) => {
    expect(() => udp.open({ host }, sinkContext())).toThrow(
      matching({
        message: `host is ${JSON.stringify(host)}: write host:port, for example logs.example.com:514 or [2001:db8::1]:514`,
        reason: 'InvalidConfig',
        permanent: true,
      }),
    );
  });

  it('sends to no address that the guard refuses, by name or literally', async () => {
    const context = sinkContext({ isAddressAllowed: createAddressGuard() });
    for (const host of ['127.0.0.1:9', 'localhost:9', '[::1]:9']) {
      const sink = await udp.open({ host }, context);
      await expect(sink.send(outgoing(sink, [sinkEvent()]), noAbort)).rejects.toMatchObject({
        reason: 'AddressNotAllowed',
      });
      await expect(sink.check?.(noAbort)).rejects.toMatchObject({ reason: 'AddressNotAllowed' });
      await sink.close();
    }
  });

  it('looks the name up every minute, follows it, and keeps the last address while no name server answers', async () => {
    const [first, second] = await Promise.all([listen(), listen('udp4', '127.0.0.2')]);
    let nowMs = 0;
    let lookups = 0;
    let address: string | undefined = '127.0.0.1';
    const lookup: LookupFunction = (_host, _options, done) => {
      lookups += 1;
      if (address === undefined) done(Object.assign(new Error('later'), { code: 'EAI_AGAIN' }), '', 4);
      else done(null, address, 4);
    };
    const sender = createDatagramSender({ host: 'logs', port: first.port }, { lookup, now: () => nowMs });

    await sender.send([Buffer.from('a')], noAbort);
    nowMs += 59_999;
    await sender.send([Buffer.from('b')], noAbort);
    expect(lookups).toBe(1);

    address = undefined;
    nowMs += 1;
    await sender.send([Buffer.from('c')], noAbort);
    expect(lookups).toBe(2);
    await first.count(3);

    address = '127.0.0.2';
    nowMs += 60_000;
    await expect(sender.send([Buffer.from('d')], noAbort)).rejects.toMatchObject({ reason: 'Unreachable' });
    expect(lookups).toBe(3);
    expect(first.received).toEqual(['a', 'b', 'c']);
    await Promise.all([sender.close(), first.close(), second.close()]);
  });

  it('gives up a look-up that hangs when the signal aborts', async () => {
    const sender = createDatagramSender({ host: 'logs', port: 9 }, { lookup: () => undefined });
    const attempt = new AbortController();
    const sent = sender.send([Buffer.from('a')], attempt.signal);
    attempt.abort(timeoutError());
    await expect(sent).rejects.toMatchObject({ reason: 'Timeout', message: 'logs:9 did not answer in time' });
    await sender.close();
  });

  it('sends nothing to check', async () => {
    const listener = await listen();
    const sink = await udp.open({ host: `127.0.0.1:${listener.port}` }, sinkContext());
    await sink.check?.(noAbort);
    await sink.send(outgoing(sink, [sinkEvent()]), noAbort);
    await listener.count(1);
    expect(listener.received).toHaveLength(1);
    await sink.close();
    await listener.close();
  });
});

describeSinkContract('udp', {
  definition: udp,
  start: async () => {
    const listener = await listen();
    return {
      written: { host: `127.0.0.1:${listener.port}` },
      taken: () => listener.received.length,
      [Symbol.asyncDispose]: () => listener.close(),
    };
  },
  unrenderable: { layout: { count: '{{ .Series.Count }}' } },
});

import { setTimeout as sleep } from 'node:timers/promises';

import { createAddressGuard, type DeliveryError } from '../../operator/sink-kit/index.ts';
import redis from '../../operator/sinks/redis.ts';
import { createAuthority, issue } from '../sink-kit/certificates.ts';
import { describeSinkContract, openWritten, thrownBy } from './contract.ts';
import { type FakeRedis, startRedis } from './redis-server.ts';
import { noAbort, numberedEvent, outgoing, sinkContext, sinkEvent } from './sink-event.ts';

const password = 'pa55-word-of-alice-9f3';

describeSinkContract('redis', {
  definition: redis,
  start: async () => {
    const server = await startRedis({ login: `alice:${password}` });
    return {
      written: {
        address: server.address,
        username: 'alice',
        passwordSecretRef: { name: 'redis', key: 'password' },
        key: 'events',
      },
      secrets: { redis: { password } },
      taken: () => server.streams.get('events')?.length ?? 0,
      hang: () => (server.isHanging = true),
      failAndEcho: () => (server.judge = (command) => `ERR ${command.join(' ')} ${password}`),
      connections: () => server.connections.size,
      [Symbol.asyncDispose]: () => server.close(),
    };
  },
  unrenderable: { layout: { count: '{{ .Series.Count }}' } },
});

type Written = Readonly<Record<string, unknown>>;

async function openTo(server: FakeRedis, written: Written = {}, context = sinkContext()) {
  return openWritten(redis, { written: { address: server.address, key: 'events', ...written } }, context);
}

async function failureTo(server: FakeRedis, written: Written = {}): Promise<DeliveryError> {
  await using sink = await openTo(server, written);
  return await thrownBy(sink.send(outgoing(sink, [sinkEvent()]), noAbort));
}

const numbered = (count: number) => Array.from({ length: count }, (_, index) => numberedEvent(index + 1));

describe('redis', () => {
  it('writes entries to a stream, each with the idempotency key, more fields and the document', async () => {
    await using server = await startRedis();
    await using sink = await openTo(server, {
      key: 'events:{{ .InvolvedObject.Namespace }}',
      fields: { reason: '{{ .Reason }}' },
      layout: { text: '{{ .Message }}' },
      maxLength: 1000,
    });

    await sink.send(outgoing(sink, [numberedEvent(1, 'größer')]), noAbort);

    expect(server.streams.get('events:shop')).toEqual([
      ['MAXLEN', '~', '1000', '*', 'key', 'uid-1-3', 'reason', 'BackOff', 'event', '{"text":"größer"}'],
    ]);
    expect([...server.markers]).toEqual([['events:shop:seen:{events:shop}:uid-1-3', 600_000]]);
  });

  it.each([
    ['the tail', {}, ['message 2', 'message 3']],
    ['the head', { push: 'Head' }, ['message 3', 'message 2']],
  ])('pushes to %s of a list, and cuts it', async (_, written, expected) => {
    await using server = await startRedis();
    await using sink = await openTo(server, {
      mode: 'List',
      maxLength: 2,
      layout: '{{ .Message }}',
      ...written,
    });

    await sink.send(outgoing(sink, numbered(3)), noAbort);

    expect(server.lists.get('events')?.map((text) => text.replaceAll('"', ''))).toEqual(expected);
  });

  it('publishes to a channel, without keys of its own', async () => {
    await using server = await startRedis();
    await using sink = await openTo(server, { mode: 'Channel', key: 'k8s.{{ .Reason }}' });

    await sink.send(outgoing(sink, numbered(2)), noAbort);

    expect(server.published.map(([channel]) => channel)).toEqual(['k8s.BackOff', 'k8s.BackOff']);
    expect(server.commands.some(([name]) => name === 'EVAL')).toBe(false);
  });

  it('writes a copy of an event once', async () => {
    await using server = await startRedis();
    await using sink = await openTo(server);
    const batch = outgoing(sink, numbered(3));
    server.losesAnswers = true;

    const lost = await thrownBy(sink.send(batch, noAbort));
    server.losesAnswers = false;
    await sink.send(batch, noAbort);

    expect(lost).toMatchObject({ reason: 'Unreachable', permanent: false });
    expect(server.streams.get('events')).toHaveLength(3);
  });

  it('asks for nothing but the write when deduplicationWindow is 0s', async () => {
    await using server = await startRedis();
    await using sink = await openTo(server, { deduplicationWindow: '0s' });

    await sink.send(outgoing(sink, numbered(2)), noAbort);

    expect(server.commands.map(([name]) => name)).toEqual(['XADD', 'XADD']);
    expect(server.markers.size).toBe(0);
  });

  it('keeps the marker beside a key that has a hash tag', async () => {
    await using server = await startRedis();
    await using sink = await openTo(server, { key: '{k8s}:events' });

    await sink.send(outgoing(sink, [numberedEvent(1)]), noAbort);

    expect([...server.markers.keys()]).toEqual(['{k8s}:events:seen:uid-1-3']);
  });

  it('uses one connection for batches one after another', async () => {
    await using server = await startRedis();
    await using sink = await openTo(server);

    for (const number of [1, 2, 3]) await sink.send(outgoing(sink, [numberedEvent(number)]), noAbort);

    expect(server.connections.size).toBe(1);
  });
});

describe('a failure of redis', () => {
  it('rejects alone the event whose key holds something else', async () => {
    await using server = await startRedis();
    server.lists.set('two', ['x']);
    await using sink = await openTo(server, { key: '{{ .Message }}' });
    const batch = ['one', 'two', 'three'].map((key, index) => numberedEvent(index, key));

    const error = await thrownBy(sink.send(outgoing(sink, batch), noAbort));

    expect(error.results).toMatchObject([undefined, { reason: 'Rejected', permanent: true }, undefined]);
    expect(error.results?.[1]?.message).toMatch(
      /^key two holds something else than `mode` writes \(WRONGTYPE /,
    );
    expect([...server.streams.keys()]).toEqual(['one', 'three']);
    expect(server.connections.size).toBe(1);
  });

  it.each([
    ["OOM command not allowed when used memory > 'maxmemory'.", 'ServerError', 'is out of memory'],
    ["READONLY You can't write against a read only replica.", 'ServerError', 'is a replica now'],
    ['LOADING Redis is loading the dataset in memory', 'ServerError', 'is still loading'],
    ['MASTERDOWN Link with MASTER is down', 'ServerError', 'has lost its master'],
    ['CLUSTERDOWN The cluster is down', 'ServerError', 'a cluster that is down'],
    ['MISCONF Errors writing to the AOF file', 'ServerError', 'cannot write to its disk'],
    ['NOREPLICAS Not enough good replicas to write.', 'ServerError', 'too few replicas'],
    ['MOVED 3999 127.0.0.1:6381', 'ServerError', 'set `cluster` instead of an address'],
    [
      "NOPERM this user has no permissions to run the 'xadd' command",
      'Forbidden',
      'does not allow this to our user',
    ],
    ["ERR unknown command 'XADD', with args beginning with:", 'ServerError', 'does not know this command'],
    ['ERR max number of clients reached', 'ServerError', 'has as many clients as it takes'],
    [
      'ERR Error running script (call to f_1): @user_script:2: -OOM command not allowed when used memory',
      'ServerError',
      'is out of memory',
    ],
    ['ERR something new', 'ServerError', 'answered: ERR something new'],
    ['ERR Protocol error: unauthenticated multibulk length', 'Unauthorized', 'wants a password'],
  ])('says what %s means', async (reply, reason, message) => {
    await using server = await startRedis();
    server.judge = () => reply;

    const error = await failureTo(server);

    expect(error).toMatchObject({ reason, permanent: false });
    expect(error.message).toContain(`${server.address} `);
    expect(error.message).toContain(message);
  });

  it('finds another connection after one that writes nothing more', async () => {
    await using server = await startRedis();
    await using sink = await openTo(server);
    const batch = outgoing(sink, [sinkEvent()]);
    server.judge = () => "READONLY You can't write against a read only replica.";
    const error = await thrownBy(sink.send(batch, noAbort));
    await sleep(20);
    const connections = server.connections.size;
    server.judge = () => undefined;

    await sink.send(batch, noAbort);

    expect([error.reason, connections]).toEqual(['ServerError', 0]);
    expect(server.streams.get('events')).toHaveLength(1);
  });

  it('tells the host, the port, the password and the key apart, in sends and checks alike', async () => {
    await using server = await startRedis({ login: `alice:${password}` });
    server.lists.set('taken', []);
    const gone = await startRedis();
    await gone.close();
    const login = { username: 'alice', password };
    const cases: [Written, string, string][] = [
      [{ address: gone.address, ...login }, 'Unreachable', `${gone.address} refused the connection`],
      [{ tls: {}, ...login }, 'TLSFailed', `${server.address} `],
      [{}, 'Unauthorized', 'wants a password'],
      [
        { ...login, password: 'wrong' },
        'Unauthorized',
        'refused the credentials: check username and password',
      ],
      [{ key: 'taken', ...login }, 'Rejected', 'key taken holds'],
    ];
    for (const [written, reason, message] of cases) {
      await using sink = await openTo(server, written);

      const sent = await thrownBy(sink.send(outgoing(sink, [sinkEvent()]), noAbort));
      const checked = await thrownBy(sink.check?.(noAbort) ?? Promise.resolve());

      for (const error of [sent, checked]) {
        expect([written, error.reason]).toEqual([written, reason]);
        expect(error.message).toContain(message);
      }
      expect(checked.permanent).toBe(false);
    }
    expect(server.streams.size).toBe(0);
  });

  it('says that what is there is no Redis', async () => {
    await using server = await startRedis({ tls: await issue(await createAuthority('CA'), ['127.0.0.1']) });

    const error = await failureTo(server);

    expect(error.reason).toBe('Unreachable');
    expect(error.message).toBe(
      `${server.address} closed the connection: check the port, and whether it wants \`tls\``,
    );
  });

  it('ends when the server is back', async () => {
    const first = await startRedis();
    await using sink = await openTo(first);
    await sink.send(outgoing(sink, [numberedEvent(1)]), noAbort);
    await first.close();
    const batch = outgoing(sink, [numberedEvent(2)]);
    const errors = [await thrownBy(sink.send(batch, noAbort)), await thrownBy(sink.send(batch, noAbort))];
    await using second = await startRedis({ port: first.port });

    await sink.send(batch, noAbort);

    expect(errors.map(({ reason }) => reason)).toEqual(['Unreachable', 'Unreachable']);
    expect(second.streams.get('events')).toHaveLength(1);
  });
});

describe('the check of redis', () => {
  it('asks for our rights and writes nothing', async () => {
    await using server = await startRedis();
    await using sink = await openTo(server);

    await sink.check?.(noAbort);

    expect(server.commands.map(([name]) => name)).toEqual(['TYPE', 'EVAL']);
    expect([server.streams.size, server.markers.size]).toEqual([0, 0]);
  });

  it('needs no more rights than a write', async () => {
    await using server = await startRedis();
    server.judge = ([name]) =>
      name === 'TYPE' ? "NOPERM no permissions to run the 'type' command" : undefined;
    await using sink = await openTo(server, { deduplicationWindow: '0s' });

    await sink.check?.(noAbort);

    expect(server.commands).toHaveLength(1);
  });

  it('asks for no key when each event has one of its own', async () => {
    await using server = await startRedis({ login: `default:${password}` });
    await using sink = await openTo(server, { key: '{{ .Reason }}', password });

    await sink.check?.(noAbort);

    expect(server.commands).toEqual([['PING']]);
  });
});

describe('the way to redis', () => {
  it.each([
    ['redis://alice:p%40ss@HOST/3', 'alice:p@ss', ['SELECT', '3']],
    ['redis://:p%40ss@HOST', 'default:p@ss', undefined],
  ])('is read from the URL %s', async (url, login, select) => {
    await using server = await startRedis({ login });
    const written = { url: url.replace('HOST', server.address), address: undefined, key: 'events' };
    await using sink = await openWritten(redis, { written });

    await sink.send(outgoing(sink, [sinkEvent()]), noAbort);

    expect(server.commands.find(([name]) => name === 'SELECT')).toEqual(select);
    expect(sink.endpoint).toBe(server.address);
  });

  it('takes a password beside the URL, and TLS by its scheme', async () => {
    const authority = await createAuthority('Test CA');
    await using server = await startRedis({
      tls: await issue(authority, ['127.0.0.1']),
      login: `default:${password}`,
    });
    const written = { url: `rediss://${server.address}`, password, key: 'events' };
    await using trusting = await openWritten(redis, { written: { ...written, tls: { ca: authority.cert } } });
    await using careful = await openWritten(redis, { written });

    await trusting.send(outgoing(trusting, [sinkEvent()]), noAbort);
    const error = await thrownBy(careful.send(outgoing(careful, [sinkEvent()]), noAbort));

    expect(server.streams.get('events')).toHaveLength(1);
    expect(error).toMatchObject({ reason: 'TLSFailed', permanent: false });
    expect(error.message).toContain('put its CA into `ca.crt`');
  });

  it('is asked of the sentinels, anew for each connection', async () => {
    await using first = await startRedis();
    await using second = await startRedis();
    let master = first;
    await using sentinel = await startRedis({
      login: 'default:sentinel-password',
      master: () => master.address,
    });
    const gone = await startRedis();
    await gone.close();
    const written = {
      sentinel: {
        master: 'events-master',
        addresses: [gone.address, sentinel.address],
        password: 'sentinel-password',
      },
      key: 'events',
    };
    await using sink = await openWritten(redis, { written });

    await sink.send(outgoing(sink, [numberedEvent(1)]), noAbort);
    master = second;
    first.judge = () => "READONLY You can't write against a read only replica.";
    const error = await thrownBy(sink.send(outgoing(sink, [numberedEvent(2)]), noAbort));
    await sink.send(outgoing(sink, [numberedEvent(2)]), noAbort);

    expect(error.reason).toBe('ServerError');
    expect([first, second].map(({ streams }) => streams.get('events')?.length)).toEqual([1, 1]);
    expect(sink.endpoint).toBe(`events-master@${gone.address},${sentinel.address}`);
  });

  it('ends at sentinels that know no such master', async () => {
    await using sentinel = await startRedis();
    const written = { sentinel: { master: 'nobody', addresses: [sentinel.address] }, key: 'events' };
    await using sink = await openWritten(redis, { written });

    const error = await thrownBy(sink.check?.(noAbort) ?? Promise.resolve());

    expect(error).toMatchObject({ reason: 'TargetNotFound', permanent: false });
    expect(error.message).toContain('knows no master "nobody": check sentinel.master');
  });

  it('leads to no address that the guard refuses', async () => {
    await using server = await startRedis();
    await using sentinel = await startRedis({ master: () => server.address });
    const guarded = sinkContext({ isAddressAllowed: createAddressGuard() });
    const port = String(server.port);
    const cases: [Written, typeof guarded][] = [
      [{ address: server.address }, guarded],
      [{ address: `localhost:${port}` }, guarded],
      [{ url: `redis://[::ffff:127.0.0.1]:${port}` }, guarded],
      [{ cluster: { addresses: [server.address, `localhost:${port}`] } }, guarded],
      [{ cluster: { addresses: [`localhost:${port}`] } }, guarded],
    ];
    for (const [written, context] of cases) {
      await using sink = await openWritten(redis, { written: { key: 'events', ...written } }, context);

      const error = await thrownBy(sink.send(outgoing(sink, [sinkEvent()]), noAbort));

      expect([written, error.reason]).toEqual([written, 'AddressNotAllowed']);
    }
    expect(server.connections.size).toBe(0);
    const masterRefused = sinkContext({ isAddressAllowed: (address) => address !== '127.0.0.2' });
    const written = { sentinel: { master: 'x', addresses: [sentinel.address] }, key: 'events' };
    await using other = await startRedis({ master: () => `127.0.0.2:${port}` });
    const around = { ...written, sentinel: { master: 'x', addresses: [other.address] } };
    await using sink = await openWritten(redis, { written: around }, masterRefused);
    expect(await thrownBy(sink.send(outgoing(sink, [sinkEvent()]), noAbort))).toMatchObject({
      reason: 'AddressNotAllowed',
    });
  });

  it.each<[string, Written, string]>([
    ['no way', {}, 'one of url, address, sentinel and cluster has to be set; none is'],
    ['two ways', { url: 'redis://x', address: 'x' }, 'url and address are'],
    ['a URL of something else', { url: 'http://x' }, 'begins with redis:// or rediss://'],
    ['a URL with a path', { url: 'redis://x/events' }, 'no number of a database'],
    ['tls for a plain URL', { url: 'redis://x', tls: {} }, 'write rediss://'],
    ['a user without a password', { address: 'x', username: 'alice' }, 'username is set without `password`'],
    ['a database of a cluster', { cluster: { addresses: ['x'] }, db: 2 }, 'one database only'],
    [
      'fields of a list',
      { address: 'x', mode: 'List', fields: { a: 'b' } },
      'fields is for mode: Stream only',
    ],
    ['a field of ours', { address: 'x', fields: { event: 'b' } }, 'fields sets event'],
    ['an end of a stream', { address: 'x', push: 'Head' }, 'push is for mode: List only'],
    ['the length of a channel', { address: 'x', mode: 'Channel', maxLength: 1 }, 'maxLength is not for'],
  ])('is refused with %s', async (_, written, message) => {
    const error = await thrownBy(openWritten(redis, { written: { key: 'events', ...written } }));

    expect(error).toMatchObject({ reason: 'InvalidConfig', permanent: true });
    expect(error.message).toContain(message);
  });
});

import { setTimeout as sleep } from 'node:timers/promises';

import { createAddressGuard } from '../../operator/sink-kit/index.ts';
import { exporterJson } from '../../operator/event/exporter-json.ts';
import redis from '../../operator/sinks/redis.ts';
import { openWritten, thrownBy } from '../sinks/contract.ts';
import { describeDelivery } from '../sinks/delivery-contract.ts';
import { noAbort, numberedEvent, outgoing, sinkContext, sinkEvent } from '../sinks/sink-event.ts';
import { alicePassword, type RedisPeer, startRedisPeer } from './redis-peer.ts';

const strange = 'ü \u{1f600} <a&b> "q" \\ \u2028 tab\tline\nend';
const numbered = (count: number) =>
  Array.from({ length: count }, (_, index) => numberedEvent(index, `${index} ${strange}`));
const login = { username: 'alice', password: alicePassword };

type Entry = readonly [id: string, fields: readonly string[]];

describe('Redis', () => {
  let peer: RedisPeer;
  let keys = 0;

  beforeAll(async () => {
    peer = await startRedisPeer();
  });
  afterAll(async () => {
    await peer[Symbol.asyncDispose]();
  });

  const newKey = (): string => `events-${(keys += 1)}`;
  const open = (written: Readonly<Record<string, unknown>>) =>
    openWritten(redis, { written: { address: peer.address, ...login, ...written } });
  const entries = async (key: string) => (await peer.command('XRANGE', key, '-', '+')) as Entry[];

  it('holds each event whole in a stream, in order, once however often it is sent', async () => {
    const key = newKey();
    const events = numbered(300);
    await using sink = await open({ key, fields: { cluster: '{{ .ClusterName }}' } });

    await sink.check?.(noAbort);
    await sink.send(outgoing(sink, events), noAbort);
    await sink.send(outgoing(sink, events), noAbort);

    expect((await entries(key)).map(([, fields]) => fields)).toEqual(
      events.map((each) => ['key', each.key, 'cluster', 'prod', 'event', exporterJson(each.event)]),
    );
    const ttlMs = Number(await peer.command('PTTL', `${key}:seen:{${key}}:${events[0]!.key}`));
    expect(ttlMs).toBeGreaterThan(500_000);
  });

  it('holds each event whole in a list, and no more than maxLength', async () => {
    const [tail, head] = [newKey(), newKey()];
    const events = numbered(30);
    const documents = events.map(({ event }) => exporterJson(event));
    await using toTail = await open({ key: tail, mode: 'List', maxLength: 20 });
    await using toHead = await open({ key: head, mode: 'List', push: 'Head', maxLength: 20 });

    for (const sink of [toTail, toHead]) {
      await sink.check?.(noAbort);
      await sink.send(outgoing(sink, events), noAbort);
    }

    expect(await peer.command('LRANGE', tail, '0', '-1')).toEqual(documents.slice(-20));
    expect(await peer.command('LRANGE', head, '0', '-1')).toEqual(documents.slice(-20).reverse());
  });

  it('keeps a stream near maxLength', async () => {
    const key = newKey();
    await using sink = await open({ key, maxLength: 200 });
    for (let batch = 0; batch < 4; batch += 1) {
      const events = Array.from({ length: 250 }, (_, index) => numberedEvent(batch * 250 + index));
      await sink.send(outgoing(sink, events), noAbort);
    }

    expect((await entries(key)).length).toBeLessThan(400);
  });

  it('publishes to a channel', async () => {
    await using sink = await open({ key: 'events:live', mode: 'Channel' });

    await sink.check?.(noAbort);
    await sink.send(outgoing(sink, numbered(3)), noAbort);

    const stats = String(await peer.command('INFO', 'commandstats'));
    expect(/cmdstat_publish:calls=(\d+)/.exec(stats)?.[1]).toBe('3');
  });

  it('takes TLS, a client certificate and a URL', async () => {
    const key = newKey();
    const { authority, client, tlsAddress } = peer;
    const tls = { ca: authority.cert };
    const localhost = tlsAddress.replace('127.0.0.1', 'localhost');
    const ways: Readonly<Record<string, unknown>>[] = [
      { address: tlsAddress, tls },
      { address: localhost, tls: { ...tls, ...client } },
      { address: undefined, url: `rediss://${localhost}/0`, tls },
      { address: undefined, url: `redis://alice:${alicePassword}@${peer.address}`, ...without },
    ];
    for (const [index, way] of ways.entries()) {
      await using sink = await open({ key, ...way });
      await sink.check?.(noAbort);
      await sink.send(outgoing(sink, [numberedEvent(index)]), noAbort);
    }

    expect(await entries(key)).toHaveLength(ways.length);
  });

  const without = { username: undefined, password: undefined };

  it('refuses in sentences that tell what is wrong, in checks and sends alike', async () => {
    await peer.command('SET', 'events-taken', 'x');
    const { tlsAddress } = peer;
    const cases: [Readonly<Record<string, unknown>>, string, RegExp][] = [
      [{ address: '127.0.0.1:1' }, 'Unreachable', /refused the connection/],
      [{ address: tlsAddress, tls: {} }, 'TLSFailed', /put its CA into `ca.crt`/],
      [{ tls: {} }, 'Timeout', /check host, port, network policies, and whether it speaks TLS/],
      [{ address: tlsAddress }, 'Unreachable', /check the port, and whether it wants `tls`/],
      [{ password: 'no' }, 'Unauthorized', /check username and password/],
      [without, 'Unauthorized', /wants a password/],
      [{ key: 'other' }, 'Forbidden', /does not allow this to our user/],
      [{ key: 'events-taken' }, 'Rejected', /^key events-taken holds/],
    ];
    for (const [written, reason, message] of cases) {
      await using sink = await open({ key: newKey(), ...written });

      const checked = await thrownBy(sink.check?.(noAbort) ?? Promise.resolve());
      const sent = await thrownBy(sink.send(outgoing(sink, [sinkEvent()]), noAbort));

      for (const error of [checked, sent]) {
        expect([written, error.reason, error.message]).toEqual([
          written,
          reason,
          expect.stringMatching(message),
        ]);
      }
    }
    await using sink = await open({ key: newKey(), db: 99, username: undefined, password: 'admin-secret' });
    expect(await thrownBy(sink.check?.(noAbort) ?? Promise.resolve())).toMatchObject({
      reason: 'TargetNotFound',
    });
  });

  it('waits while the memory is full, and rejects alone what has a key of another type', async () => {
    const key = newKey();
    await using sink = await open({ key: `${key}-{{ .Message }}` });
    await peer.command('SET', `${key}-2`, 'x');
    const batch = outgoing(
      sink,
      [1, 2, 3].map((number) => numberedEvent(number, `${number}`)),
    );

    const refused = await thrownBy(sink.send(batch, noAbort));
    await peer.command('CONFIG', 'SET', 'maxmemory', '1');
    const full = await thrownBy(sink.send(outgoing(sink, [numberedEvent(4, '1')]), noAbort));
    await peer.command('CONFIG', 'SET', 'maxmemory', '0');
    await sink.send(outgoing(sink, [numberedEvent(4, '1')]), noAbort);

    expect(refused.results).toMatchObject([undefined, { reason: 'Rejected', permanent: true }, undefined]);
    expect(full).toMatchObject({ reason: 'ServerError', permanent: false });
    expect(full.message).toContain('out of memory');
    expect(await entries(`${key}-1`)).toHaveLength(2);
  });
});

describe('Redis Cluster', () => {
  it('takes events with different keys, each once, and no address that the guard refuses', async () => {
    await using peer = await startRedisPeer(['cluster-enabled yes']);
    await peer.command('CLUSTER', 'ADDSLOTSRANGE', '0', '16383');
    const written = { cluster: { addresses: [peer.address] }, ...login, key: 'events:{{ .Message }}' };
    await using sink = await openWritten(redis, { written });
    const events = Array.from({ length: 60 }, (_, index) => numberedEvent(index, `${index % 6}`));

    while (!String(await peer.command('CLUSTER', 'INFO')).includes('cluster_state:ok')) await sleep(50);

    await sink.send(outgoing(sink, events), noAbort);
    await sink.send(outgoing(sink, events), noAbort);
    const context = sinkContext({ isAddressAllowed: createAddressGuard() });
    await using guarded = await openWritten(redis, { written }, context);
    const error = await thrownBy(guarded.send(outgoing(guarded, events), noAbort));

    const lengths = await Promise.all([0, 1, 2, 3, 4, 5].map((key) => peer.command('XLEN', `events:${key}`)));
    expect(lengths).toEqual([10, 10, 10, 10, 10, 10]);
    expect(error.reason).toBe('AddressNotAllowed');
  });
});

describeDelivery('Redis', {
  sinkName: 'redis',
  aspects: ['Outage', 'Credentials', 'Rotation'],
  start: async () => {
    const peer = await startRedisPeer();
    return {
      written: {
        address: peer.address,
        username: 'alice',
        passwordSecretRef: { name: 'redis', key: 'password' },
        key: 'events',
      },
      secrets: { redis: { password: alicePassword } },
      wrongSecrets: { redis: { password: 'another-password' } },
      arrived: async () =>
        ((await peer.command('XRANGE', 'events', '-', '+')) as Entry[]).map(([, [, key = '']]) => key),
      goDown: () => peer.kill(),
      comeBack: () => peer.start(),
      rotate: async () => {
        await peer.command('ACL', 'SETUSER', 'alice', 'resetpass', '>a-new-password');
        await peer.command('CLIENT', 'KILL', 'USER', 'alice');
        return { redis: { password: 'a-new-password' } };
      },
      [Symbol.asyncDispose]: () => peer[Symbol.asyncDispose](),
    };
  },
});

import { type Verdict } from '../../operator/status/condition.ts';
import { receiverStatus, type ReceiverFacts } from '../../operator/status/receiver-status.ts';
import { routeStatus, type RouteFacts } from '../../operator/status/route-status.ts';

const well: Verdict = { status: 'True', reason: 'Accepted', message: '' };
const facts: RouteFacts = {
  generation: 1,
  scope: 'Namespace',
  accepted: well,
  resolvedRefs: well,
  delivering: well,
  ready: undefined,
  counts: { matched: 1, dropped: 2, delivered: 3, failed: 4, pending: 5 },
  lastMatchTime: undefined,
  lastDeliveryTime: new Date('2026-03-01T12:00:00Z'),
  receivers: [],
  nodes: [],
};
const at = { base: {}, previous: {}, now: new Date(0) };

test('counters go on from what the object had, and what is pending does not', () => {
  const base = {
    matched: 10,
    dropped: 10,
    delivered: 10,
    failed: 10,
    pending: 10,
    lastMatchTime: '2026-01-01T00:00:00Z',
  };
  expect(routeStatus(facts, { ...at, base })).toMatchObject({
    matched: 11,
    dropped: 12,
    delivered: 13,
    failed: 14,
    pending: 5,
    lastMatchTime: '2026-01-01T00:00:00Z',
    lastDeliveryTime: '2026-03-01T12:00:00Z',
  });
});

test('named nodes go on from their own counts, and at most 64 of them are told', () => {
  const nodes = Array.from({ length: 100 }, (_, index) => ({
    name: `node-${index}`,
    matched: 1,
    dropped: 0,
  }));
  const base = { nodes: [{ name: 'node-1', matched: 5, dropped: 6 }] };
  const status = routeStatus({ ...facts, nodes }, { ...at, base });
  expect(status.nodes).toHaveLength(64);
  expect(status.nodes!.slice(0, 2)).toEqual([
    { name: 'node-0', matched: 1, dropped: 0 },
    { name: 'node-1', matched: 6, dropped: 6 },
  ]);
});

test('at most 32 receivers are told, the unready and the busiest first, and all are counted', () => {
  const receivers = Array.from({ length: 100 }, (_, index) => ({
    name: `ns/receiver-${String(index).padStart(3, '0')}`,
    ready: index !== 90,
    reason: 'Ready',
    pending: index === 80 ? 7 : 0,
  }));
  const status = routeStatus({ ...facts, receivers }, at);
  expect(status.receiversReady).toBe('99/100');
  expect(status.receivers).toHaveLength(32);
  expect(status.receivers!.slice(0, 3).map(({ name }) => name)).toEqual([
    'ns/receiver-090',
    'ns/receiver-080',
    'ns/receiver-000',
  ]);
});

test('the largest status stays far below what the API server stores', () => {
  const name = `${'n'.repeat(63)}/${'r'.repeat(253)}`;
  const receivers = Array.from({ length: 5_000 }, () => ({
    name,
    ready: false,
    reason: 'Unreachable',
    pending: 1,
  }));
  const nodes = Array.from({ length: 5_000 }, () => ({ name: 'n'.repeat(63), matched: 1, dropped: 1 }));
  const long: Verdict = { status: 'False', reason: 'InvalidSpec', message: 'x'.repeat(1_000_000) };
  const status = routeStatus(
    { ...facts, receivers, nodes, accepted: long, resolvedRefs: long, delivering: long },
    at,
  );
  expect(JSON.stringify(status).length).toBeLessThan(200_000);
});

test('a receiver keeps the last failure and success of before a restart until there are newer ones', () => {
  const receiver: ReceiverFacts = {
    generation: 1,
    accepted: well,
    resolvedRefs: well,
    delivering: well,
    sink: 'webhook',
    endpoint: 'example.com',
    counts: { delivered: 1, failed: 0, deadLettered: 0, dropped: 0, pending: 0 },
    lastSuccessTime: undefined,
    lastFailure: undefined,
    checkpoint: undefined,
    gaps: 0,
    lastGap: undefined,
    requests: [],
    deadLetters: { latest: [], held: 0 },
  };
  const lastFailure = { time: '2026-01-01T00:00:00Z', reason: 'Timeout', message: 'too slow' };
  const base = { delivered: 4, lastSuccessTime: '2026-01-02T00:00:00Z', lastFailure };
  expect(receiverStatus(receiver, { ...at, base })).toMatchObject({
    delivered: 5,
    lastSuccessTime: '2026-01-02T00:00:00Z',
    lastFailure,
  });
  const time = new Date('2026-02-02T00:00:00Z');
  const newer = { ...receiver, lastFailure: { time, reason: 'ServerError', message: 'no' } };
  expect(receiverStatus(newer, { ...at, base }).lastFailure).toEqual({
    time: '2026-02-02T00:00:00Z',
    reason: 'ServerError',
    message: 'no',
  });
});

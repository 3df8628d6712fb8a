import { createClusterEvent } from '../../operator/event/core-event.ts';
import { deDot } from '../../operator/event/de-dot.ts';
import { createOccurrence } from '../../operator/event/occurrence.ts';
import { templateData } from '../../operator/event/template-data.ts';

const event = createClusterEvent(
  {
    metadata: {
      uid: 'u1',
      labels: { 'faz.net': 'foo.bar', plain: 'a.b' },
      annotations: { 'test.io.': 'x' },
    },
    lastTimestamp: '2026-11-22T14:00:04Z',
    message: 'a.b',
    count: 2,
  },
  {
    object: {
      labels: { 'a.b': '1', a_b: '2', 'x.y/z.w': '3' },
      annotations: {},
      ownerReferences: [],
      deleted: false,
    },
  },
);

describe('deDot', () => {
  it('replaces the dots in keys of labels and annotations alone', () => {
    expect(deDot(event.data)).toMatchObject({
      metadata: { labels: { faz_net: 'foo.bar', plain: 'a.b' }, annotations: { test_io_: 'x' } },
      message: 'a.b',
    });
  });

  it('leaves the original as it was', () => {
    const before = JSON.stringify(event.data);
    deDot(event.data);

    expect(JSON.stringify(event.data)).toBe(before);
  });

  it('lets the last of two keys that become equal win, every time', () => {
    expect(deDot(event.data).involvedObject).toMatchObject({ labels: { a_b: '2', 'x_y/z_w': '3' } });
  });
});

describe('templateData', () => {
  const routed = { ...createOccurrence(event), receiver: 'shop/oncall', routes: ['shop/a', 'ops/b'] };

  it('adds what only Eventroute knows to the document of the exporter', () => {
    expect(templateData(routed)).toEqual({
      ...event.data,
      occurrence: 2,
      idempotencyKey: 'u1-2',
      missedOccurrences: 0,
      foldedOccurrences: 0,
      effectiveTime: '2026-11-22T14:00:04.000Z',
      routes: ['shop/a', 'ops/b'],
      receiver: 'shop/oncall',
    });
  });

  it('adds why another receiver gave the event up', () => {
    const time = new Date('2026-11-22T14:00:05Z');
    const facts = { reason: 'Rejected', message: 'no', attempts: 2, receiver: 'shop/oncall' };
    const deadLetter = { ...facts, firstTime: time, lastTime: time };
    const text = '2026-11-22T14:00:05.000Z';

    expect(templateData({ ...routed, deadLetter }).deadLetter).toEqual({
      ...facts,
      firstTime: text,
      lastTime: text,
    });
  });

  it('replaces dots when asked to', () => {
    expect(templateData(routed, { deDot: true }).metadata).toMatchObject({ annotations: { test_io_: 'x' } });
  });
});

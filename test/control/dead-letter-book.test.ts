import { createDeadLetterBook, sourceOf } from '../../operator/control/dead-letter-book.ts';
import { type DeadLetter } from '../../operator/event/dead-letter.ts';
import { type SinkEvent } from '../../operator/sink-kit/index.ts';
import { type ReceiverStatus } from '../../operator/status/receiver-status.ts';
import { podEvent } from './rig.ts';

const receivers = new Map<string, ReceiverStatus>();
beforeEach(() => {
  receivers.clear();
  for (const name of ['root/a', 'root/b']) receivers.set(name, {});
});

const create = (limits: { perReceiver?: number; overall?: number; maxBytes?: number } = {}) =>
  createDeadLetterBook({
    ...limits,
    find(receiver) {
      const status = receivers.get(receiver);
      const [namespace = '', name = ''] = receiver.split('/');
      return status && { apiVersion: 'v1', kind: 'EventReceiver', metadata: { namespace, name }, status };
    },
  });
const eventOf = (receiver = 'root/a'): SinkEvent => ({ ...podEvent(), receiver, routes: [] });
const letter = (message = 'no such channel'): DeadLetter => ({
  reason: 'Rejected',
  message,
  attempts: 2,
  firstTime: new Date('2026-01-01T00:00:00Z'),
  lastTime: new Date('2026-01-01T00:01:00Z'),
  receiver: 'root/a',
});
const keysOf = (book: ReturnType<typeof create>, receiver = 'root/a') =>
  book.all(receiver).map(({ told }) => told.key);

it('keeps the latest of each receiver', () => {
  const book = create({ perReceiver: 3 });
  const events = Array.from({ length: 5 }, () => eventOf());
  for (const event of events) book.add(event, letter());
  book.add(eventOf('root/b'), letter());

  expect(keysOf(book)).toEqual(events.slice(2).map(({ key }) => key));
  expect(book.of('root/a').held).toBe(3);
  expect(book.of('root/a').latest.map(({ key }) => key)).toEqual(
    events
      .slice(2)
      .reverse()
      .map(({ key }) => key),
  );
  expect(book.of('root/b').held).toBe(1);
});

it('keeps the latest of all receivers', () => {
  const book = create({ overall: 3 });
  book.add(eventOf('root/b'), letter());
  for (let index = 0; index < 3; index += 1) book.add(eventOf(), letter());

  expect(book.of('root/b').held).toBe(0);
  expect(book.of('root/a').held).toBe(3);
});

it('lets go of Events beyond its bytes, oldest first, and keeps what leads to them', () => {
  const [first, second] = [eventOf('root/b'), eventOf()];
  const bytes = JSON.stringify(first.event.data).length;
  const book = create({ maxBytes: bytes + 20 });
  book.add(first, letter());
  book.add(second, letter());

  expect(book.all('root/b')).toMatchObject([{ event: undefined, told: { key: first.key } }]);
  expect(book.all('root/a')[0]!.event?.key).toBe(second.key);
  const { namespace, name, uid } = first.event;
  expect(sourceOf(book.all('root/b')[0]!.told)).toEqual({ namespace, name, uid, number: 1 });
});

it('counts the bytes of what is gone no more', () => {
  const book = create({ maxBytes: 5_000 });
  for (let index = 0; index < 100; index += 1) {
    const event = eventOf();
    book.add(event, letter());
    if (index % 2 === 0) book.deliver('root/a', event.key);
    else book.remove('root/a', [event.key]);
  }
  book.add(eventOf(), letter());

  expect(book.all('root/a')).toHaveLength(1);
  expect(book.all('root/a')[0]!.event).toBeDefined();
});

it('takes an occurrence that is given up once more as the latest, with its new story', () => {
  const book = create();
  const [first, second] = [eventOf(), eventOf()];
  book.add(first, letter());
  book.add(second, letter());
  book.add(first, letter('still no such channel'));

  expect(keysOf(book)).toEqual([second.key, first.key]);
  expect(book.of('root/a').latest[0]).toMatchObject({ message: 'still no such channel', attempts: 2 });
});

it('goes on from what the status lists, before what comes after that', () => {
  const told = (key: string) => ({
    key,
    event: 'shop/web.1',
    involvedObject: 'Pod shop/web',
    reason: 'Rejected',
    message: 'no',
    attempts: 1,
    firstTime: '2026-01-01T00:00:00Z',
    lastTime: '2026-01-01T00:00:00Z',
  });
  receivers.set('root/a', { deadLetters: [told('late-1'), told('early-1')] });
  const book = create();
  const event = eventOf();
  book.add(event, letter());

  expect(keysOf(book)).toEqual(['early-1', 'late-1', event.key]);
  expect(book.of('root/a').latest.map(({ key }) => key)).toEqual([event.key, 'late-1', 'early-1']);
});

it('cuts what would make a status long', () => {
  const book = create();
  book.add(eventOf(), letter('x'.repeat(100_000)));

  expect(book.of('root/a').latest[0]!.message).toHaveLength(512);
});

it('holds nothing for a receiver that is gone', () => {
  const book = create();
  const event = eventOf();
  book.add(event, letter());
  receivers.delete('root/a');
  book.forget('root/a');
  book.add(event, letter());
  book.deliver('root/a', event.key);

  expect(book.all('root/a')).toEqual([]);
  expect(book.of('root/a')).toEqual({ latest: [], held: 0 });
});

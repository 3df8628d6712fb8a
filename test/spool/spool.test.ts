import {
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import fc from 'fast-check';

import { createClusterEvent } from '../../operator/event/core-event.ts';
import { createOccurrence, type Occurrence } from '../../operator/event/occurrence.ts';
import { createSpool, type Spool } from '../../operator/spool/spool.ts';
import { type Cursor } from '../../operator/spool/spool-file.ts';
import { createFakeClock } from '../fake-clock.ts';

const mebibyte = 1024 ** 2;
const compare = (one: string, other: string): number => Number(one) - Number(other);
let folder: string;

beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), 'eventroute-spool-')), 'data');
});
afterEach(() => rmSync(join(folder, '..'), { recursive: true, force: true }));

function occurrence(version: number, { message = 'x', count = 1 } = {}): Occurrence {
  const metadata = {
    uid: `u${version}`,
    name: `e${version}`,
    namespace: 'shop',
    resourceVersion: String(version),
    managedFields: [{ manager: 'kubelet' }],
  };
  const core = {
    metadata,
    involvedObject: { kind: 'Pod', name: 'web-0', namespace: 'shop' },
    message,
    count,
  };
  const object = { labels: { app: 'web' }, annotations: {}, ownerReferences: [], deleted: true };
  return createOccurrence(
    createClusterEvent(core, { clusterName: 'prod', object, namespaceLabels: { team: 'a' } }),
  );
}

/** A spool with a clock, a log that is kept, and cursors that tests move. */
function createRig({ maxBytes = 64 * mebibyte, clock = createFakeClock() } = {}) {
  const errors: string[] = [];
  const note = (message: string): void => void errors.push(message);
  const log = { debug: () => undefined, info: () => undefined, warn: note, error: note };
  const spool = createSpool({ folder, maxBytes, compare, clock, log });
  const rig = {
    spool,
    clock,
    errors,
    cursors: undefined as readonly Cursor[] | undefined,
    keep(from: number, to = from): void {
      for (let version = from; version <= to; version += 1) spool.keep(occurrence(version));
    },
    /** Everything that the spool tells after a position, and where it ends to tell. */
    readFrom: (after: number) => readAll(spool, after),
    cursorAt(position: number, uid = 'u'): void {
      rig.cursors = [{ receiver: 'shop/a', uid, position: String(position), time: clock.date() }];
    },
  };
  spool.open(() => rig.cursors);
  return rig;
}

function readAll(spool: Spool, after: number): { positions: number[]; end: string } {
  const positions: number[] = [];
  for (let position = String(after); ;) {
    const reading = spool.read(position);
    if (reading.kind !== 'kept') return { positions, end: reading.kind };
    positions.push(...reading.kept.map(({ occurrence: { position: at } }) => Number(at)));
    position = reading.upTo;
  }
}

const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index);

describe('a spool', () => {
  it('tells what it kept, whole and in order, at once and after another start', async () => {
    const rig = createRig();
    rig.spool.begin('10');
    rig.keep(11, 40);
    expect(rig.readFrom(10)).toEqual({ positions: range(11, 40), end: 'end' });
    expect(rig.readFrom(25)).toEqual({ positions: range(26, 40), end: 'end' });
    rig.spool.close();

    const again = createRig();
    expect(again.readFrom(10)).toEqual({ positions: range(11, 40), end: 'absent' });
    const reading = again.spool.read('10');
    const [first] = reading.kind === 'kept' ? reading.kept : [];
    expect(first?.occurrence).toMatchObject({ key: 'u11-1', number: 1, position: '11' });
    expect(first?.occurrence.event.data).toEqual(occurrence(11).event.data);
    expect(first?.occurrence.event.namespaceLabels).toEqual({ team: 'a' });
    expect(first?.occurrence.event.involvedObject).toEqual(occurrence(11).event.involvedObject);
    expect(first?.arrivedAt).toEqual(rig.clock.date());
    again.spool.close();
    await rig.clock.settle();
  });

  it('has what it kept in the file a tenth of a second later, without an orderly end', async () => {
    const rig = createRig();
    rig.spool.begin('10');
    rig.keep(11, 20);
    await rig.clock.advance(100);
    rig.keep(21);
    cpSync(folder, `${folder}-killed`, { recursive: true });
    rig.spool.close();
    folder = `${folder}-killed`;

    expect(createRig().readFrom(10).positions).toEqual(range(11, 20));
  });

  it('knows where it was not: before its beginning, and between its end and the next beginning', () => {
    const rig = createRig();
    rig.spool.begin('10');
    rig.keep(11);
    rig.spool.close();
    const again = createRig();
    again.spool.begin('50');
    again.keep(51);

    expect(again.spool.read('3')).toEqual({ kind: 'absent', until: '10', since: undefined });
    expect(again.spool.read('11')).toEqual({ kind: 'absent', until: '50', since: rig.clock.date() });
    expect(again.readFrom(50)).toEqual({ positions: [51], end: 'end' });
    expect(['3', '10', '11', '30', '50', '51'].map((position) => again.spool.holds(position))).toEqual([
      ...[false, true, false, false, true, true],
    ]);
    again.spool.close();
  });

  it('still knows when an earlier time ended while somebody is just there', () => {
    const rig = createRig();
    rig.spool.begin('10');
    rig.keep(11);
    rig.spool.close();
    const again = createRig();
    again.cursorAt(11);
    again.spool.begin('50');
    again.spool.tick();
    expect(again.spool.read('11')).toEqual({ kind: 'absent', until: '50', since: rig.clock.date() });

    again.cursorAt(50);
    again.spool.tick();
    expect(again.spool.read('11')).toEqual({ kind: 'absent', until: '50', since: undefined });
    again.spool.close();
  });

  it('lets go of what all receivers have ended with, and never writes what they end with at once', async () => {
    const rig = createRig();
    rig.cursorAt(10);
    rig.spool.begin('10');
    rig.keep(11, 30);
    await rig.clock.advance(100);
    expect(rig.readFrom(10).positions).toEqual(range(11, 30));
    const before = rig.spool.health().bytes;
    for (let from = 31; from < 2_000; from += 100) {
      rig.keep(from, from + 99);
      await rig.clock.advance(100);
    }
    expect(rig.spool.health().bytes).toBeGreaterThan(before);

    rig.cursorAt(2_030);
    rig.spool.tick();
    expect(rig.spool.health().bytes).toBeLessThanOrEqual(before);
    expect(rig.spool.read('11')).toMatchObject({ kind: 'absent', until: '2030' });
    rig.keep(2_031, 2_040);
    rig.cursorAt(2_040);
    await rig.clock.advance(100);
    expect(rig.spool.health().bytes).toBeLessThanOrEqual(before);
    expect(rig.errors).toEqual([]);
    rig.spool.close();
  });

  it('remembers how far each receiver has come, but not for another receiver of its name', () => {
    const rig = createRig();
    rig.spool.begin('10');
    rig.cursorAt(12);
    rig.spool.tick();
    rig.spool.close();

    const again = createRig();
    expect(again.spool.saved('shop/a', 'u')?.position).toBe('12');
    expect(again.spool.saved('shop/a', 'other')).toBeUndefined();
    again.spool.begin('12');
    again.cursors = [];
    again.spool.tick();
    again.spool.close();
    expect(createRig().spool.saved('shop/a', 'u')).toBeUndefined();
  });

  it('throws away the positions of a history that was replaced', () => {
    const rig = createRig();
    rig.spool.begin('1000');
    rig.keep(1_001, 1_010);
    rig.spool.close();
    const again = createRig();
    again.spool.begin('5');

    expect(again.spool.read('1003')).toEqual({ kind: 'end', at: '5' });
    again.keep(6);
    expect(again.readFrom(5)).toEqual({ positions: [6], end: 'end' });
    again.spool.close();
  });

  it('begins anew where the history is replaced while it runs', () => {
    const rig = createRig();
    rig.spool.begin('1000');
    rig.keep(1_001, 1_010);
    expect(rig.readFrom(1_000).positions).toEqual(range(1_001, 1_010));
    rig.spool.advance('7');
    rig.keep(8, 9);

    expect(rig.spool.read('3')).toEqual({ kind: 'absent', until: '7', since: undefined });
    expect(rig.readFrom(7)).toEqual({ positions: [8, 9], end: 'end' });
    rig.spool.close();
  });

  it('is readable for its owner alone', () => {
    const rig = createRig();
    rig.spool.begin('1');
    rig.keep(2);
    rig.spool.close();
    for (const name of readdirSync(folder)) expect(statSync(join(folder, name)).mode & 0o077).toBe(0);
    expect(statSync(folder).mode & 0o077).toBe(0);
  });

  it('lets the oldest go when it is full, says so, and stays within its size', async () => {
    const rig = createRig({ maxBytes: mebibyte });
    rig.cursorAt(0);
    rig.spool.begin('0');
    for (let version = 1; version <= 200; version += 1) {
      // what cannot be compressed
      rig.spool.keep(occurrence(version, { message: randomBytes(20_000).toString('base64') }));
      await rig.clock.advance(100);
    }

    const { positions, end } = rig.readFrom(Number((rig.spool.read('0') as { until: string }).until));
    expect(end).toBe('end');
    expect(positions.at(-1)).toBe(200);
    expect(positions.length).toBeGreaterThan(15);
    expect(positions.length + rig.spool.health().evicted).toBe(200);
    expect(statSync(join(folder, 'spool.sqlite')).size).toBeLessThanOrEqual(mebibyte);
    expect(rig.errors.every((message) => message.startsWith('Spool is full'))).toBe(true);
    rig.spool.close();
  });

  it('goes on without the file while that cannot be written, and begins anew when it can', async () => {
    const rig = createRig({ maxBytes: mebibyte });
    rig.cursorAt(0);
    rig.spool.begin('0');
    rig.keep(1, 5);
    await rig.clock.advance(100);
    rig.spool.keep(occurrence(6, { message: randomBytes(2 * mebibyte).toString('base64') }));
    await rig.clock.advance(100);
    expect(rig.errors).toEqual([expect.stringMatching(/^Spool failed/)]);
    expect(rig.spool.health().isWorking).toBe(false);
    rig.keep(7, 8);
    expect(rig.spool.read('0').kind).toBe('absent');

    await rig.clock.advance(10_000);
    rig.spool.tick();
    rig.keep(9);
    expect(rig.spool.health().isWorking).toBe(true);
    expect(rig.spool.read('5')).toMatchObject({ kind: 'absent', until: '8' });
    expect(rig.readFrom(0)).toEqual({ positions: range(1, 5), end: 'absent' });
    expect(rig.readFrom(8)).toEqual({ positions: [9], end: 'end' });
    rig.spool.close();
  });

  it('moves a file aside that is none of its own, and works', () => {
    createRig().spool.close();
    writeFileSync(
      join(folder, 'spool.sqlite'),
      'not a database, but as long as the header of one would be, and more',
    );
    const rig = createRig();
    rig.spool.begin('10');
    rig.keep(11);

    expect(rig.errors).toEqual([expect.stringMatching(/^Spool is damaged/)]);
    expect(rig.readFrom(10)).toEqual({ positions: [11], end: 'end' });
    expect(readFileSync(join(folder, 'spool.sqlite.damaged'), 'utf8')).toMatch(/^not a database/);
    rig.spool.close();
  });

  it('leaves a file of a newer version alone', () => {
    const rig = createRig();
    rig.spool.close();
    const path = join(folder, 'spool.sqlite');
    const bytes = readFileSync(path);
    // user_version: https://www.sqlite.org/fileformat.html#the_database_header
    bytes.writeUInt32BE(99, 60);
    writeFileSync(path, bytes);
    const again = createRig();
    again.spool.begin('10');

    expect(again.spool.health().isWorking).toBe(false);
    expect(again.errors).toEqual([expect.stringMatching(/^Spool failed/)]);
    expect(readdirSync(folder)).not.toContain('spool.sqlite.damaged');
  });

  it('tells nothing false, whatever became of its bytes', async () => {
    const damage = fc.record({
      file: fc.constantFrom('spool.sqlite', 'spool.sqlite-wal'),
      kind: fc.constantFrom('cut', 'zero', 'flip'),
      at: fc.double({ min: 0, max: 1, noNaN: true }),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(damage, { minLength: 1, maxLength: 3 }),
        fc.boolean(),
        async (damages, isOrderly) => {
          rmSync(folder, { recursive: true, force: true });
          const rig = createRig();
          rig.spool.begin('0');
          for (let from = 1; from < 300; from += 20) {
            rig.keep(from, from + 19);
            await rig.clock.advance(100);
          }
          const killed = `${folder}-killed`;
          rmSync(killed, { recursive: true, force: true });
          if (isOrderly) rig.spool.close();
          cpSync(folder, killed, { recursive: true });
          rig.spool.close();
          for (const { file, kind, at } of damages) harm(join(killed, file), kind, at);
          const home = folder;
          folder = killed;
          const again = createRig();
          again.spool.begin('1000');
          const { positions } = again.readFrom(0);
          again.spool.close();
          folder = home;

          // a beginning of what was kept, or nothing; what is missing is told to be absent
          expect(positions).toEqual(range(1, positions.length));
          expect(positions.length).toBeLessThanOrEqual(300);
        },
      ),
      { numRuns: 80 },
    );
  });
});

function harm(path: string, kind: string, at: number): void {
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (size === 0) return;
  const offset = Math.floor(at * (size - 1));
  if (kind === 'cut') {
    truncateSync(path, offset);
    return;
  }
  const bytes = readFileSync(path);
  if (kind === 'zero') bytes.fill(0, offset, Math.min(size, offset + 4_096));
  else bytes.writeUInt8(bytes.readUInt8(offset) ^ 0x10, offset);
  writeFileSync(path, bytes);
}

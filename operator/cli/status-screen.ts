import type { WriteStream } from 'node:tty';

import { readColumn } from '../api/printer-column.ts';
import { type CustomResource, keyText, type ResourceKind } from '../api/resource.ts';
import { printable } from '../routing/drawing.ts';
import { type Clock, systemClock } from '../schema/clock.ts';
import { timestamp } from '../status/condition.ts';
import { describeHealth, healthOf, isHealthy } from './health.ts';
import { type Inventory, sortObjects } from './inventory.ts';
import type { Change, ChangeScreen } from './inventory-watch.ts';
import { createPaint } from './paint.ts';
import { formatStatus } from './status-report.ts';

/** Where the status is shown while it changes. */
export interface StatusScreenOptions {
  readonly stream: Pick<WriteStream, 'write' | 'isTTY' | 'rows' | 'once'>;
  readonly wide: boolean;
  /** What the caller may not read; a drawing repeats it, since nothing else stays on the terminal. */
  readonly gaps: readonly string[];
  readonly clock?: Clock;
}

/** Creates the screen of `status --watch`: a drawing on a terminal, else a line for each change. */
export function createStatusScreen(options: StatusScreenOptions): ChangeScreen {
  return options.stream.isTTY ? new DrawnScreen(options) : new PrintedScreen(options);
}

/** Resolves when whoever read the stream has gone. */
function closing(stream: StatusScreenOptions['stream']): Promise<void> {
  return new Promise((resolve) => {
    stream.once('error', () => {
      resolve();
    });
  });
}

/** Changes in quick succession are one drawing; without any, it is made anew because ages grow. */
const [drawAfterMs, redrawAfterMs] = [100, 1_000];

class DrawnScreen implements ChangeScreen {
  readonly closed: Promise<void>;
  readonly #options: StatusScreenOptions;
  readonly #clock: Clock;
  readonly #objects = new Map<string, CustomResource>();
  #inventory: Pick<Inventory, 'routes' | 'receivers'> = { routes: [], receivers: [] };
  #lost: string | undefined;
  #timer: unknown;

  constructor(options: StatusScreenOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.closed = closing(options.stream).then(() => {
      this.#clock.clearTimeout(this.#timer);
    });
  }

  begin({ routes, receivers }: Inventory): void {
    for (const object of [...routes, ...receivers]) this.#objects.set(idOf(object), object);
    this.#sort();
    this.#draw();
  }

  change({ before, after }: Change): void {
    if (before !== undefined) this.#objects.delete(idOf(before));
    if (after !== undefined) this.#objects.set(idOf(after), after);
    this.#sort();
    this.#schedule(drawAfterMs);
  }

  lost(why: string | undefined): void {
    this.#lost = why;
    this.#schedule(drawAfterMs);
  }

  #sort(): void {
    const objects = sortObjects([...this.#objects.values()]);
    this.#inventory = {
      routes: objects.filter(({ kind }) => kind === 'EventRoute') as Inventory['routes'],
      receivers: objects.filter(({ kind }) => kind === 'EventReceiver') as Inventory['receivers'],
    };
  }

  #schedule(delayMs: number): void {
    this.#clock.clearTimeout(this.#timer);
    this.#timer = this.#clock.setTimeout(() => {
      this.#draw();
    }, delayMs);
  }

  #draw(): void {
    const { stream, wide, gaps } = this.#options;
    const now = this.#clock.date();
    const paint = createPaint(stream);
    const about = `Every change is shown at once; ${timestamp(now)}; end with Ctrl-C`;
    const head =
      this.#lost === undefined
        ? paint(about, 'faint')
        : paint(`Lost the API server: ${printable(this.#lost)}`, 'bad');
    const status = formatStatus(this.#inventory, { now, wide, paint });
    const lines = [head, ...gaps, '', ...(status === '' ? ['Nothing is there yet'] : status.split('\n'))];
    const room = Math.max(5, stream.rows) - 1;
    const shown =
      lines.length <= room
        ? lines
        : [...lines.slice(0, room - 1), `... and ${lines.length - room + 1} more lines`];
    // lines are cut at the margin (?7l), since a wrapped one would shift all below it
    stream.write(`\u001b[?7l\u001b[H${shown.map((line) => `${line}\u001b[K\n`).join('')}\u001b[J\u001b[?7h`);
    this.#schedule(redrawAfterMs);
  }
}

class PrintedScreen implements ChangeScreen {
  readonly closed: Promise<void>;
  readonly #options: StatusScreenOptions;
  readonly #clock: Clock;
  #isLost = false;

  constructor(options: StatusScreenOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.closed = closing(options.stream);
  }

  begin(inventory: Inventory): void {
    const { stream, wide } = this.#options;
    const now = this.#clock.date();
    const status = formatStatus(inventory, { now, wide, paint: (text) => text });
    if (status !== '') stream.write(`${status}\n`);
  }

  change(change: Change): void {
    const told = describeChange(change, this.#clock.date());
    if (told !== undefined) this.#print(told);
  }

  lost(why: string | undefined): void {
    if (why !== undefined && !this.#isLost) this.#print(`lost the API server: ${printable(why)}`);
    if (why === undefined) this.#print('found the API server again');
    this.#isLost = why !== undefined;
  }

  #print(text: string): void {
    this.#options.stream.write(`${timestamp(this.#clock.date())} ${text}\n`);
  }
}

function idOf({ kind, metadata }: CustomResource): string {
  return `${kind} ${keyText(metadata)}`;
}

/** Says in a line what changed of an object; undefined when it is nothing that the tables show. */
function describeChange({ kind, before, after }: Change, now: Date): string | undefined {
  const object = after ?? before;
  if (object === undefined) return undefined;
  const name = `${kind.singular} ${keyText(object.metadata)}`;
  if (after === undefined) return `${name} deleted`;
  const health = isHealthy(after) ? 'is ready' : printable(describeHealth(healthOf(after)));
  if (before === undefined) return `${name} added, ${health}`;
  const differences = differencesOf(kind, { before, after, now });
  if (differences.length === 0) return undefined;
  const isJudgedAnew = JSON.stringify(healthOf(before)) !== JSON.stringify(healthOf(after));
  return `${name} ${differences.join(', ')}${isJudgedAnew ? `; ${health}` : ''}`;
}

/** Ages grow without anything happening, so they are no difference. */
function differencesOf(
  kind: ResourceKind,
  {
    before,
    after,
    now,
  }: { readonly before: CustomResource; readonly after: CustomResource; readonly now: Date },
): string[] {
  return kind.columns
    .filter(({ type }) => type !== 'date')
    .flatMap((column) => {
      const [old, current] = [before, after].map((object) => readColumn(column, object, now));
      if (old === current || column.name === 'Message') return [];
      return [`${column.name.toLowerCase()} ${printable(old || 'none')} → ${printable(current || 'none')}`];
    });
}

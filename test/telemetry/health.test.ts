import { observeHealth, type Health, type WatchHealth } from '../../operator/telemetry/health.ts';

let watch: WatchHealth | undefined;
let isSynced: boolean;
let health: Health;

beforeEach(() => {
  jest.useFakeTimers();
  watch = { state: 'watching', lastActivity: new Date() };
  isSynced = true;
  health = observeHealth({ watch: () => watch, isSynced: () => isSynced });
});

afterEach(() => {
  health.stop();
  jest.useRealTimers();
});

test('is well while the watch is', () => {
  expect([health.alive(), health.ready()]).toEqual([[], []]);
});

test('a watch that is silent for more than ten minutes hangs, and only a restart mends it', () => {
  jest.advanceTimersByTime(600_000);
  expect(health.alive()).toEqual([]);
  jest.advanceTimersByTime(5_000);
  expect(health.alive()).toEqual(['the watch of Events has been silent for 605 s']);
});

test('an API server that is away is no reason to restart, but one to be unready', () => {
  const error = new Error('connection refused');
  watch = { state: 'backingOff', lastActivity: new Date(), error };
  jest.advanceTimersByTime(3_600_000);
  expect(health.alive()).toEqual([]);
  expect(health.ready()).toEqual(['Events are not being watched: connection refused']);
});

test('a standby is ready as soon as it has read all objects', () => {
  watch = undefined;
  expect(health.ready()).toEqual([]);
  isSynced = false;
  expect(health.ready()).toEqual(['EventRoutes and EventReceivers have not been read yet']);
});

test('a blocked event loop is told', () => {
  // the clock goes on while no timer gets its turn
  const nowMs = performance.now() + 60_000;
  const now = jest.spyOn(performance, 'now').mockReturnValue(nowMs);
  expect(health.alive()).toEqual(['the event loop was blocked for 60 s']);
  now.mockRestore();
  expect(health.alive()).toEqual([]);
});

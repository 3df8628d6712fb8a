/** What the watch of Events is doing, as far as health depends on it. */
export interface WatchHealth {
  readonly state: string;
  /** When the API server last sent anything. */
  readonly lastActivity: Date | undefined;
  /** Why it is not watching. */
  readonly error?: Error;
}

/** What the probes of the process are answered from. */
export interface HealthOptions {
  /** The watch of Events; undefined while this replica stands by. */
  readonly watch: () => WatchHealth | undefined;
  /** Whether EventRoutes and EventReceivers were all read once. */
  readonly isSynced: () => boolean;
}

/** The health of the process, as its probes ask for it: what is wrong, in sentences. */
export interface Health {
  /** For /healthz: what only a restart mends. */
  readonly alive: () => string[];
  /** For /readyz: what keeps this replica from its work at the moment. */
  readonly ready: () => string[];
  readonly stop: () => void;
}

/** A watch is opened anew every two minutes at the latest, so a longer silence means that it hangs. */
const silenceMs = 600_000;
const heartbeatMs = 1_000;
/** How late a heartbeat may be before the process counts as stuck. */
const lateMs = 10_000;

/** Begins to observe the process. */
export function observeHealth({ watch, isSynced }: HealthOptions): Health {
  let lastBeatMs = performance.now();
  const timer = setInterval(() => {
    lastBeatMs = performance.now();
  }, heartbeatMs);
  timer.unref();
  return {
    alive: () => [...stuckLoop(performance.now() - lastBeatMs), ...stuckWatch(watch())],
    ready: () => {
      if (!isSynced()) return ['EventRoutes and EventReceivers have not been read yet'];
      const health = watch();
      if (health === undefined || health.state === 'watching') return [];
      return [`Events are not being watched: ${health.error?.message ?? health.state}`];
    },
    stop: () => clearInterval(timer),
  };
}

function stuckLoop(sinceBeatMs: number): string[] {
  return sinceBeatMs > lateMs ? [`the event loop was blocked for ${seconds(sinceBeatMs)}`] : [];
}

/** An API server that cannot be reached is no reason to restart: the watch backs off and tries again by itself. */
function stuckWatch(health: WatchHealth | undefined): string[] {
  if (health?.lastActivity === undefined || health.state === 'backingOff') return [];
  const silentMs = Date.now() - health.lastActivity.getTime();
  return silentMs > silenceMs ? [`the watch of Events has been silent for ${seconds(silentMs)}`] : [];
}

function seconds(durationMs: number): string {
  return `${Math.round(durationMs / 1_000)} s`;
}

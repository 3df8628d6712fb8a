import { type Sink } from '../sink-kit/index.ts';

/** A sink in use; it is closed once, when it is retired and the last of its sends has ended. */
export interface Outlet {
  readonly sink: Sink;
  readonly retired: boolean;
  sendBegan(): void;
  sendEnded(): void;
  /** Gives up the sink; resolves when it has closed, with or without success. */
  retire(): Promise<void>;
}

/** Takes a sink into use; what goes wrong when it is closed is reported to `onCloseError`. */
export function createOutlet(sink: Sink, onCloseError: (error: unknown) => void): Outlet {
  const { promise: closed, resolve } = Promise.withResolvers<undefined>();
  let sends = 0;
  let retired = false;
  const closeIfIdle = (): void => {
    if (!retired || sends > 0) return;
    closeSafely(sink)
      .catch(onCloseError)
      .finally(() => resolve(undefined));
  };
  return {
    sink,
    get retired() {
      return retired;
    },
    sendBegan() {
      sends += 1;
    },
    sendEnded() {
      sends -= 1;
      closeIfIdle();
    },
    retire() {
      if (!retired) {
        retired = true;
        closeIfIdle();
      }
      return closed;
    },
  };
}

/** Makes a synchronous throw of `close` a rejection. */
async function closeSafely(sink: Sink): Promise<void> {
  await sink.close();
}

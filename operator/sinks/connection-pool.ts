import { DeliveryError } from '../sink-kit/index.ts';
import { unlessAborted } from './abortable.ts';

/** A connection that serves one batch at a time. */
export interface PooledConnection {
  /** Lets everything go at once; what is under way fails. */
  destroy(): void;
}

/** Connections that are kept between batches. What failed is never used again: nobody knows what is still under way in it. */
export interface ConnectionPool<Connection extends PooledConnection> {
  /** Runs a task on a connection that no other task uses; when it fails or the signal aborts, the connection is destroyed. */
  use<Result>(task: (connection: Connection) => Promise<Result>, signal: AbortSignal): Promise<Result>;
  close(): void;
}

/** Creates a pool of connections; `connect` makes one, which the tasks open themselves. */
export function createConnectionPool<Connection extends PooledConnection>(
  connect: () => Connection,
): ConnectionPool<Connection> {
  const idle: Connection[] = [];
  const busy = new Set<Connection>();
  let isClosed = false;
  const hasClosed = (): boolean => isClosed;
  return {
    use: async (task, signal) => {
      signal.throwIfAborted();
      if (hasClosed()) throw DeliveryError.retry('the connection was closed', 'ShuttingDown');
      const connection = idle.pop() ?? connect();
      busy.add(connection);
      try {
        const result = await unlessAborted(() => task(connection), signal);
        if (hasClosed()) connection.destroy();
        else idle.push(connection);
        return result;
      } catch (error) {
        connection.destroy();
        throw error;
      } finally {
        busy.delete(connection);
      }
    },
    close: () => {
      isClosed = true;
      for (const connection of [...busy, ...idle.splice(0)]) connection.destroy();
    },
  };
}

import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** The network between an operator and the API server, which can break in both of its ways. */
export interface Link extends AsyncDisposable {
  readonly port: number;
  /** Ends every connection and refuses new ones. */
  cut(): Promise<void>;
  /** Carries nothing any more, as a network does that loses all packets; connections stay open. */
  stall(): void;
  /** Works again, at the same port; what was under way in a stall arrives. */
  mend(): Promise<void>;
}

/** Starts a link from a free port of 127.0.0.1 to another port there. */
export async function startLink(targetPort: number): Promise<Link> {
  const sockets = new Set<Socket>();
  let server: Server | undefined;
  let port = 0;
  let isStalled = false;

  const join = (from: Socket, to: Socket): void => {
    sockets.add(from);
    from.on('error', () => undefined);
    from.on('data', (chunk: Buffer) => {
      if (!to.write(chunk)) from.pause();
    });
    from.on('drain', () => {
      if (!isStalled) to.resume();
    });
    from.on('end', () => to.end());
    from.on('close', () => {
      sockets.delete(from);
      to.destroy();
    });
    if (isStalled) from.pause();
  };
  const listen = async (): Promise<void> => {
    server = createServer({ allowHalfOpen: true }, (incoming) => {
      const outgoing = connect({ port: targetPort, host: '127.0.0.1', allowHalfOpen: true });
      join(incoming, outgoing);
      join(outgoing, incoming);
    });
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    ({ port } = server.address() as { port: number });
  };
  const cut = async (): Promise<void> => {
    if (server === undefined) return;
    const closed = once(server, 'close');
    server.close();
    server = undefined;
    for (const socket of sockets) socket.destroy();
    await closed;
  };

  await listen();
  return {
    port,
    cut,
    stall() {
      isStalled = true;
      for (const socket of sockets) socket.pause();
    },
    async mend() {
      isStalled = false;
      for (const socket of sockets) socket.resume();
      if (server === undefined) await listen();
    },
    [Symbol.asyncDispose]: cut,
  };
}

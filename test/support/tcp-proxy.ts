import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { once } from 'node:events';

/** A way to a port of loopback that can be lost, as a network loses it: nobody is told. */
export interface TcpProxy {
  readonly port: number;
  /** From now on nothing passes, on connections there are and on those to come, none of which is ever refused or ended. */
  lose(): void;
  /** From now on connections are ended at once, those there are and those to come. */
  refuse(): void;
  /** New connections pass again; those that there were stay lost, as after a firewall that forgot them. */
  restore(): void;
  close(): Promise<void>;
}

/** Starts a proxy to the given port. */
export async function startTcpProxy(targetPort: number): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  const lost = new WeakSet<Socket>();
  let isLosing = false;
  let isRefusing = false;

  function keep(socket: Socket): void {
    sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
  }

  const server = createServer((inner) => {
    keep(inner);
    if (isRefusing) {
      inner.destroy();
      return;
    }
    if (isLosing) {
      inner.resume();
      return;
    }
    const outer = connect(targetPort, '127.0.0.1');
    keep(outer);
    for (const [from, to] of [
      [inner, outer],
      [outer, inner],
    ] as const) {
      from.on('data', (chunk) => lost.has(from) || to.write(chunk));
      from.on('close', () => lost.has(from) || to.destroy());
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    lose() {
      isLosing = true;
      for (const socket of sockets) lost.add(socket);
    },
    refuse() {
      isRefusing = true;
      for (const socket of sockets) socket.destroy();
    },
    restore() {
      isLosing = false;
      isRefusing = false;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

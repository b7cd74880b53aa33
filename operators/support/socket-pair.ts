import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { OnReadOpts, Server, Socket } from 'node:net';
import { join } from 'node:path';
import { createScratchFolder } from '../../models/support/scratch';

/** Two ends of one connection inside this process. */
export interface SocketPair {
  /** Our end; reads into the one buffer given, instead of a new one each time. */
  readonly near: Socket;
  /** The end to hand to a child as one of its `stdio`; destroy it here once the child has it. */
  readonly far: Socket;
}

/**
 * Makes a connected pair of unix sockets, for a child's output.
 *
 * A child's own stdout costs a new 64 KiB buffer for every read; at the rate of decoded video that makes the garbage
 * collector a tenth of the main process's work. `onread` with one buffer avoids it, but only a client's socket takes it.
 * The path exists only while the pair is made.
 */
export async function createSocketPair(onread: OnReadOpts): Promise<SocketPair> {
  const folder = createScratchFolder();
  const server = createServer({ pauseOnConnect: true });
  try {
    const path = join(folder.path, 'pair.sock');
    server.listen(path);
    await once(server, 'listening');
    const accepted = firstConnection(server);
    const near = connect({ path, onread });
    // Without file descriptors the near end is closed again and no connection ever comes.
    const closed = once(near, 'close').then(() => {
      throw new Error('socket pair: expected a connection, got it closed');
    });
    const [far] = await Promise.race([Promise.all([accepted, once(near, 'connect')]), closed]);
    closed.catch(() => undefined);
    return { near, far };
  } finally {
    server.close();
    folder.remove();
  }
}

async function firstConnection(server: Server): Promise<Socket> {
  const [socket] = (await once(server, 'connection')) as [Socket];
  return socket;
}

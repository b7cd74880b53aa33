import type { RtspServer } from '../../fixtures/rtsp-server';

/** Numbers from 0 to 1 that are the same for the same seed (mulberry32). */
export function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** What can happen to a camera; resolves with what makes it well again. */
export type Fault = (server: RtspServer, videos: readonly string[]) => Promise<() => Promise<void> | void>;

const nothing = () => undefined;

/** The faults of a soak by name: those that a camera recovers from without waiting a minute for a lock-out. */
export const FAULTS: Readonly<Record<string, Fault>> = {
  freeze(server) {
    server.freeze();
    return Promise.resolve(() => server.resume());
  },
  async kill(server) {
    await server.kill();
    return () => server.restart();
  },
  drop(server) {
    server.drop();
    return Promise.resolve(nothing);
  },
  refuse(server) {
    server.answerWith(503);
    server.drop();
    return Promise.resolve(() => server.answerWith(200));
  },
  async resize(server, [first, second]) {
    await server.switchTo({ video: second! });
    return () => server.switchTo({ video: first! });
  },
  corrupt(server) {
    server.corrupt(0.2);
    return Promise.resolve(() => server.corrupt(0));
  },
  lose(server) {
    server.lose(0.2);
    return Promise.resolve(() => server.lose(0));
  },
  jumpBack(server) {
    server.jumpTimestamps(-4000);
    return Promise.resolve(nothing);
  },
  jumpAhead(server) {
    server.jumpTimestamps(30_000);
    return Promise.resolve(nothing);
  },
  standStill(server) {
    server.freezeTimestamps(true);
    return Promise.resolve(() => server.freezeTimestamps(false));
  },
};

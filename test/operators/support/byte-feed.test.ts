import { Writable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { createByteFeed } from '../../../operators/support/byte-feed';

const BIG = 400_000;

/** A destination like a pipe: takes one write after the other, when it is told to. */
function slowPipe() {
  const taken: number[] = [];
  let proceed: (() => void) | undefined;
  const writable = new Writable({
    highWaterMark: 16_384,
    write(chunk: Uint8Array, _encoding, callback) {
      proceed = () => {
        proceed = undefined;
        taken.push(chunk[0]!);
        callback();
      };
    },
  });
  return { writable, taken, takeOne: () => proceed?.() };
}

async function settle() {
  for (let turn = 0; turn < 5; turn++) await nextTurn();
}

describe('createByteFeed', () => {
  it('gives bytes back only after the pipe has taken all of them', async () => {
    const pipe = slowPipe();
    const feed = createByteFeed();
    const free: string[] = [];
    feed.write(new Uint8Array(30).fill(1));
    feed.write(new Uint8Array(BIG).fill(2), () => free.push('first'));
    feed.write(new Uint8Array(30).fill(3));
    feed.write(new Uint8Array(BIG).fill(4), () => free.push('second'));
    feed.readable.pipe(pipe.writable);

    await settle();
    expect(free).toEqual([]);
    pipe.takeOne();
    await settle();
    expect(free).toEqual([]);
    pipe.takeOne();
    await settle();
    expect(free).toEqual(['first']);
    pipe.takeOne();
    await settle();
    expect(free).toEqual(['first']);
    pipe.takeOne();
    await settle();
    expect(free).toEqual(['first', 'second']);
    expect(pipe.taken).toEqual([1, 2, 3, 4]);
  });

  it('copies small pieces, which a pipe may hold after it asked for more', async () => {
    const pipe = slowPipe();
    const feed = createByteFeed();
    const bytes = new Uint8Array(100).fill(7);
    feed.readable.pipe(pipe.writable);
    feed.write(bytes);
    bytes.fill(9);
    await settle();
    pipe.takeOne();
    expect(pipe.taken).toEqual([7]);
  });

  it('ends the pipe after everything was written', async () => {
    const chunks: Uint8Array[] = [];
    const feed = createByteFeed();
    feed.write(new Uint8Array(BIG).fill(1));
    feed.end();
    for await (const chunk of feed.readable) chunks.push(chunk as Uint8Array);
    expect(Buffer.concat(chunks)).toHaveLength(BIG);
  });

  it('gives everything back once when it is aborted', async () => {
    const pipe = slowPipe();
    const feed = createByteFeed();
    let freeCount = 0;
    for (let i = 0; i < 3; i++) feed.write(new Uint8Array(BIG), () => freeCount++);
    feed.readable.pipe(pipe.writable);
    await settle();
    feed.abort();
    feed.abort();
    expect(freeCount).toBe(3);
    feed.write(new Uint8Array(BIG), () => freeCount++);
    expect(freeCount).toBe(4);
  });
});

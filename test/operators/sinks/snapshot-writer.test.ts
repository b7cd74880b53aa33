import { SNAPSHOT_FAILURES, SnapshotError, snapshotName } from '../../../models/domain/snapshot';
import type { SnapshotStore } from '../../../models/domain/snapshot';
import { cameraId } from '../../../models/domain/frame';
import { createSnapshotWriter } from '../../../operators/sinks/snapshot-writer';
import type { SnapshotWriterOptions } from '../../../operators/sinks/snapshot-writer';
import { stripedBox } from '../../support/pictures';
import { infoOf, tracked } from '../../support/views';

const SIZE = { width: 64, height: 104 };
const BOX = [12, 12, 52, 92] as const;
const TRACK = tracked(infoOf(SIZE, 0), BOX).tracks[0]!;
const NONE = Object.fromEntries(SNAPSHOT_FAILURES.map((reason) => [reason, 0]));

const pictureOf = () => ({
  ptsMs: 200.0004,
  score: 0.91234,
  size: SIZE,
  box: BOX,
  pixels: stripedBox(SIZE, BOX),
});

/** A store whose puts end when they are told to. */
function createShelf() {
  const puts: { name: string; jpeg: Uint8Array; done: () => void; fail: (error: Error) => void }[] = [];
  let isClosed = false;
  const store: SnapshotStore = {
    kind: 'directory',
    name: 'snapshots /shelf',
    keyOf: (name) => `key of ${name}`,
    put: (name, jpeg) =>
      new Promise((resolve, reject) => puts.push({ name, jpeg, done: resolve, fail: reject })),
    close: () => {
      isClosed = true;
      return Promise.resolve();
    },
  };
  return { store, puts, isClosed: () => isClosed };
}

function createWriter(choices: Partial<SnapshotWriterOptions> = {}) {
  const shelf = createShelf();
  const notices: string[] = [];
  const writer = createSnapshotWriter({
    store: shelf.store,
    // What was to be encoded.
    encode: (pixels) => Promise.resolve(pixels.slice()),
    quality: 80,
    hasBox: false,
    onNotice: ({ level, message }) => notices.push(`${level}: ${message}`),
    ...choices,
  });
  return { writer, notices, ...shelf };
}

/** What is due of promises, without a timer. */
const settle = () => new Promise(setImmediate);

describe('the writer of snapshots', () => {
  it('tells the key, and what is there, once it is stored', async () => {
    const { writer, puts } = createWriter();
    const saved = writer.save('a.jpg', TRACK, { ...pictureOf(), capturedAtMs: 1_790_000_000_000.4 });
    await settle();
    expect(puts[0]).toMatchObject({ name: 'a.jpg' });
    expect(puts[0]!.jpeg).toEqual(pictureOf().pixels);
    puts[0]!.done();
    expect(await saved).toEqual({
      key: 'key of a.jpg',
      facts: {
        ...{ store: 'directory', width: 64, height: 104, ptsMs: 200, capturedAtMs: 1_790_000_000_000 },
        ...{ score: 0.9123, box: [12, 12, 52, 92] },
      },
    });
    expect(writer.stats()).toEqual({ stored: 1, bytes: pictureOf().pixels.length, failed: NONE });
  });

  it('draws the box of the track where that is asked for', async () => {
    const { writer, puts } = createWriter({ hasBox: true });
    void writer.save('a.jpg', TRACK, pictureOf());
    await settle();
    const [plain, drawn] = [pictureOf().pixels, puts[0]!.jpeg];
    const at = (pixels: Uint8Array, x: number, y: number) => pixels[y * SIZE.width + x];
    expect(at(drawn, 12, 50)).not.toBe(at(plain, 12, 50));
    expect(at(drawn, 30, 50)).toBe(at(plain, 30, 50));
  });

  it('draws no caption over the head of an object that fills its picture', async () => {
    const { writer, puts } = createWriter({ hasBox: true });
    const tall = { ...pictureOf(), box: [12, 2, 52, 100] as const };
    const plain = tall.pixels.slice();
    void writer.save('a.jpg', TRACK, tall);
    await settle();
    for (let y = 4; y < 20; y++) expect(puts[0]!.jpeg[y * SIZE.width + 30]).toBe(plain[y * SIZE.width + 30]);
  });

  it('counts failures by reason, says once that there are some, and once that all is well', async () => {
    const { writer, puts, notices } = createWriter();
    const results = [1, 2, 3].map((number) => writer.save(`${number}.jpg`, TRACK, pictureOf()));
    await settle();
    puts[0]!.fail(new SnapshotError('full', 'expected a file written, got ENOSPC'));
    puts[1]!.fail(new Error('boom'));
    await settle();
    puts[2]!.done();
    expect((await Promise.all(results)).map((one) => one?.key)).toEqual([
      undefined,
      undefined,
      'key of 3.jpg',
    ]);
    writer.missed('no_room');
    expect(writer.stats()).toMatchObject({ stored: 1, failed: { ...NONE, full: 1, other: 1, no_room: 1 } });
    expect(notices).toEqual([
      'warn: snapshots /shelf: expected a file written, got ENOSPC; tracks end without a snapshot meanwhile',
      'info: snapshots /shelf: snapshots are stored again',
    ]);
  });

  it('counts a picture that is none', async () => {
    const { writer } = createWriter({ encode: () => Promise.reject(new Error('no codec')) });
    expect(await writer.save('a.jpg', TRACK, pictureOf())).toBeUndefined();
    expect(writer.stats().failed.encode).toBe(1);
  });

  it('makes so many at once, in their order', async () => {
    const { writer, puts } = createWriter({ mostAtOnce: 2 });
    for (const name of ['a.jpg', 'b.jpg', 'c.jpg']) void writer.save(name, TRACK, pictureOf());
    await settle();
    expect(puts.map(({ name }) => name)).toEqual(['a.jpg', 'b.jpg']);
    puts[1]!.done();
    await settle();
    expect(puts.map(({ name }) => name)).toEqual(['a.jpg', 'b.jpg', 'c.jpg']);
  });

  it('waits for what is on its way before the store is closed', async () => {
    const { writer, puts, isClosed } = createWriter();
    void writer.save('a.jpg', TRACK, pictureOf());
    await settle();
    const closed = writer.close();
    await settle();
    expect(isClosed()).toBe(false);
    puts[0]!.done();
    await closed;
    expect(isClosed()).toBe(true);
  });
});

describe('the name of a snapshot', () => {
  const place = { cameraId: cameraId('front'), source: 'file/1', runKey: 'k', epoch: 3, number: 7 };

  it('is the same for the same track, and another for any other', () => {
    const name = snapshotName(place);
    expect(name).toMatch(/^front-3-7-[a-z2-7]{8}\.jpg$/);
    expect(snapshotName({ ...place })).toBe(name);
    const others = [
      { source: 'file/2' },
      { runKey: 'l' },
      { epoch: 4 },
      { number: 8 },
      { cameraId: cameraId('front-3') },
    ];
    const names = others.map((other) => snapshotName({ ...place, ...other }));
    expect(new Set([name, ...names]).size).toBe(6);
  });
});

import { execFileSync } from 'node:child_process';
import {
  chownSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openRingReader } from '../../../workers/frames/ring-reader';
import { createShmRing } from '../../../workers/frames/shm-ring';
import { RING_HEADER_BYTES, slotStrideBytes } from '../../../workers/frames/ring-layout';

const FRAME_BYTES = 1000;
const frame = (value: number) => new Uint8Array(FRAME_BYTES).fill(value);

describe('createShmRing and openRingReader', () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'ring-test-'))));
  afterEach(() => rmSync(folder, { recursive: true }));

  const ring = (slots = 3) => createShmRing({ slots, frameBytes: FRAME_BYTES, folders: [folder] });
  const reader = (ringId: string, frameBytes = FRAME_BYTES) =>
    openRingReader({ ringId, frameBytes, folders: [folder] });

  it('carries frames from writer to reader, each in its slot', () => {
    const writer = ring();
    const reading = reader(writer.id);
    const references = [0, 1, 2].map((slot) => writer.write(slot, frame(slot + 10)));
    const target = new Uint8Array(FRAME_BYTES);
    for (const reference of references) {
      expect(reading.read(reference, target)).toBe(true);
      expect(target).toEqual(frame(reference.slot + 10));
    }
    reading.close();
    writer.close();
  });

  it('tells a slot that was written again from the frame referred to', () => {
    const writer = ring();
    const reading = reader(writer.id);
    const old = writer.write(1, frame(1));
    const current = writer.write(1, frame(2));
    const target = new Uint8Array(FRAME_BYTES);
    expect(reading.read(old, target)).toBe(false);
    expect(reading.read(current, target)).toBe(true);
    reading.close();
    writer.close();
  });

  it('tells a slot that is being written', () => {
    const writer = ring();
    const reading = reader(writer.id);
    const reference = writer.write(2, frame(1));
    const fd = openSync(writer.path, 'r+');
    writeSync(fd, new Uint8Array(4), 0, 4, 2 * slotStrideBytes(FRAME_BYTES) + 4);
    expect(reading.read(reference, new Uint8Array(FRAME_BYTES))).toBe(false);
    reading.close();
    writer.close();
  });

  it('tells a file that was cut short under it', () => {
    const writer = ring();
    const reading = reader(writer.id);
    const reference = writer.write(2, frame(1));
    truncateSync(writer.path, 2 * slotStrideBytes(FRAME_BYTES) + RING_HEADER_BYTES + 10);
    expect(reading.read(reference, new Uint8Array(FRAME_BYTES))).toBe(false);
    reading.close();
    writer.close();
  });

  it('reserves the whole file for its user alone, and removes it', () => {
    const writer = ring();
    const stats = statSync(writer.path);
    expect(stats.mode & 0o777).toBe(0o600);
    expect(stats.size).toBe(3 * slotStrideBytes(FRAME_BYTES));
    expect(stats.blocks * 512).toBeGreaterThanOrEqual(stats.size);
    expect(writer.id).toMatch(/^[a-z0-9-]{1,64}$/);
    writer.close();
    writer.close();
    expect(readdirSync(folder)).toEqual([]);
    expect(() => writer.write(0, frame(1))).toThrow('expected an open ring');
  });

  it('takes the next folder when one has no room for it, and says why when none has', () => {
    const small = join(folder, 'missing');
    const writer = createShmRing({ slots: 1, frameBytes: FRAME_BYTES, folders: [small, folder] });
    expect(writer.path.startsWith(join(folder, 'sightline-'))).toBe(true);
    writer.close();
    expect(() => createShmRing({ slots: 1, frameBytes: FRAME_BYTES, folders: [small] })).toThrow(
      /^config: frame ring: expected room for 1024 bytes, got ENOENT/,
    );
  });

  it('refuses more than its budget', () => {
    expect(() =>
      createShmRing({ slots: 3, frameBytes: FRAME_BYTES, budgetBytes: 3000, folders: [folder] }),
    ).toThrow(
      'config: frame ring: expected at most 3000 bytes, got 3 slots of 1024; lower processes or maxBatch',
    );
    expect(readdirSync(folder)).toEqual([]);
  });

  it('refuses slots and sizes that it does not have', () => {
    const writer = ring();
    const reading = reader(writer.id);
    const target = new Uint8Array(FRAME_BYTES);
    const reference = writer.write(0, frame(1));
    expect(() => writer.write(3, frame(1))).toThrow('expected a slot of 0 to 2, got 3');
    expect(() => writer.write(0, new Uint8Array(1001))).toThrow('expected at most 1000 bytes, got 1001');
    for (const slot of [-1, 3, 0.5])
      expect(() => reading.read({ ...reference, slot }, target)).toThrow('expected a slot');
    expect(() => reading.read({ ...reference, length: 999 }, target)).toThrow('expected 1000 bytes, got 999');
    expect(() => reading.read({ ...reference, generation: 0 }, target)).toThrow(
      'expected a generation above 0',
    );
    reading.close();
    writer.close();
  });

  it.each(['', '..', '../etc/passwd', '/etc/passwd', 'Ring', 'a b', 'a\0b', 'x'.repeat(65)])(
    'refuses the id %j',
    (id) => {
      expect(() => reader(id)).toThrow('frame ring: expected an id of 1 to 64 of a-z, 0-9 and "-"');
    },
  );

  it('opens nothing but a regular file of its own user with slots of the right size', () => {
    const writer = ring();
    symlinkSync(writer.path, join(folder, 'link'));
    expect(() => reader('link')).toThrow('expected a file that can be opened, got a link');
    execFileSync('mkfifo', [join(folder, 'fifo')]);
    expect(() => reader('fifo')).toThrow('expected a regular file');
    expect(() => reader('missing')).toThrow('expected a file missing in');
    expect(() => reader(writer.id, 2000)).toThrow('expected slots of');
    writeFileSync(join(folder, 'empty'), '');
    expect(() => reader('empty')).toThrow('expected slots of 1024 bytes, got 0 bytes in all');
    if (process.getuid?.() === 0) {
      chownSync(writer.path, 65534, 65534);
      expect(() => reader(writer.id)).toThrow('expected a file of user 0, got one of user 65534');
    }
    writer.close();
  });
});

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cameraId } from '../../../models/domain/frame';
import type { Outcome } from '../../../models/domain/observation';
import type { Ticket } from '../../../workers/dispatch/credit-scheduler';
import { createShmRing } from '../../../workers/frames/shm-ring';
import type { ShmRing } from '../../../workers/frames/shm-ring';
import { createBatchMaker } from '../../../workers/local/batch';

const FRAME_BYTES = 24;

/** A ticket that expires at a time and notes what happens to it. */
function ticket(seq: number, { bytes = FRAME_BYTES, expiresMs = Infinity } = {}) {
  const outcomes: Outcome[] = [];
  const made = {
    outcomes,
    isReleased: false as boolean,
    frame: {
      kind: 'frame',
      info: {
        cameraId: cameraId('a'),
        mode: 'live',
        segment: { epoch: 0, isResumed: false },
        seq,
        ptsMs: seq,
        atMs: seq,
        source: { width: 40, height: 30 },
      },
      lease: { pixels: new Uint8Array(bytes), retain: () => undefined, release: () => undefined },
    },
    deadlineMs: undefined,
    isExpired: (nowMs: number) => nowMs > expiresMs,
    releasePixels: () => {
      made.isReleased = true;
    },
    settle: (outcome: Outcome) => outcomes.push(outcome) === 1,
  } satisfies Ticket & { outcomes: Outcome[]; isReleased: boolean };
  return made;
}

describe('createBatchMaker', () => {
  let folder: string;
  let ring: ShmRing;
  const refused: unknown[] = [];
  const createMaker = () => createBatchMaker({ ring, onRefused: (error) => refused.push(error) });

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'batch-test-'));
    ring = createShmRing({ slots: 3, frameBytes: FRAME_BYTES, folders: [folder] });
    refused.length = 0;
  });
  afterEach(() => {
    ring.close();
    rmSync(folder, { recursive: true });
  });

  it('gives each frame a slot of its own and its buffer back', () => {
    const tickets = [ticket(0), ticket(1), ticket(2)];
    const batch = createMaker().make(tickets)!;
    expect(new Set(batch.frames.map(({ reference }) => reference.slot)).size).toBe(3);
    expect(batch.frames.map(({ reference }) => reference.source)).toEqual(
      new Array(3).fill({ width: 40, height: 30 }),
    );
    expect(tickets.every(({ isReleased }) => isReleased)).toBe(true);
    expect(tickets.flatMap(({ outcomes }) => outcomes)).toEqual([]);
  });

  it('leaves a frame where it is that lies in another ring, and takes no slot for it', () => {
    const maker = createMaker();
    const inRing = { ringId: 'sightline-other', slot: 7, generation: 9 };
    const elsewhere = Array.from({ length: 5 }, (_, seq) => {
      const made = ticket(seq);
      return { ...made, frame: { ...made.frame, inRing } };
    });
    const batch = maker.make(elsewhere)!;
    expect(batch.frames[4]!.reference).toEqual({
      ...{ ring: 'sightline-other', slot: 7, generation: 9, length: FRAME_BYTES },
      source: { width: 40, height: 30 },
    });
    maker.settle(batch, () => ({ kind: 'dropped', reason: 'unreachable' }));
    expect(maker.make([ticket(0), ticket(1), ticket(2)])?.frames).toHaveLength(3);
    expect(refused).toEqual([]);
  });

  it('uses slots again once their frames are settled', () => {
    const maker = createMaker();
    for (let round = 0; round < 5; round++) {
      const batch = maker.make([ticket(0), ticket(1), ticket(2)])!;
      maker.settle(batch, () => ({ kind: 'detected', detections: [] }));
    }
    expect(refused).toEqual([]);
  });

  it('refuses a frame of the wrong size, and takes the others', () => {
    const [good, bad] = [ticket(0), ticket(1, { bytes: 25 })];
    const maker = createMaker();
    expect(maker.make([bad, good])?.frames).toHaveLength(1);
    expect(bad.outcomes).toEqual([{ kind: 'failed', code: 'inference' }]);
    expect(maker.make([ticket(2, { bytes: 23 })])).toBeUndefined();
    expect(refused.map(String)).toEqual([
      'RangeError: frame: expected 24 bytes, got 25',
      'RangeError: frame: expected 24 bytes, got 23',
    ]);
  });

  it('prunes what is too late, and frees its slots', () => {
    const maker = createMaker();
    const [late, inTime] = [ticket(0, { expiresMs: 10 }), ticket(1, { expiresMs: 20 })];
    const batch = maker.make([late, inTime])!;
    expect(maker.prune(batch, 10)).toBe(batch);
    const pruned = maker.prune(batch, 15)!;
    expect(pruned.frames.map((frame) => frame.ticket)).toEqual([inTime]);
    expect(late.outcomes).toEqual([{ kind: 'expired' }]);
    expect(maker.prune(pruned, 25)).toBeUndefined();
    expect(maker.make([ticket(2), ticket(3), ticket(4)])?.frames).toHaveLength(3);
  });
});

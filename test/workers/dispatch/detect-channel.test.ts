import { cameraId } from '../../../models/domain/frame';
import type { DetectFrame } from '../../../models/domain/frame';
import type { Outcome } from '../../../models/domain/observation';
import { createCreditScheduler } from '../../../workers/dispatch/credit-scheduler';
import { createDetectChannel } from '../../../workers/dispatch/detect-channel';

const DETECTED: Outcome = { kind: 'detected', detections: [] };

function liveFrame(seq: number): DetectFrame {
  return {
    kind: 'frame',
    info: {
      cameraId: cameraId('a'),
      mode: 'live',
      segment: { epoch: 0, isResumed: false },
      seq,
      ptsMs: seq,
      atMs: seq,
      source: { width: 4, height: 4 },
    },
    lease: { pixels: new Uint8Array(0), retain: () => undefined, release: () => undefined },
  };
}

describe('createDetectChannel', () => {
  it('does not let a burst supersede frames while there is room for them', async () => {
    const scheduler = createCreditScheduler({ credits: 2 });
    const begun: number[] = [];
    const take = () => {
      for (const { frame, settle } of scheduler.takeBatch(8, 0)) {
        begun.push(frame.info.seq);
        setImmediate(() => settle(DETECTED));
      }
    };
    const pump = { now: take, soon: () => queueMicrotask(take) };
    const channel = createDetectChannel(scheduler, pump, {
      cameraId: cameraId('a'),
      mode: 'live',
      inFlight: 2,
      maxLatencyMs: 500,
    });
    const outcomes = Promise.all([0, 1, 2, 3].map((seq) => channel.detect(liveFrame(seq))));
    await Promise.resolve();
    expect(begun).toEqual([0, 1]);
    setImmediate(() => setImmediate(take));
    expect(await outcomes).toEqual([DETECTED, DETECTED, { kind: 'dropped', reason: 'superseded' }, DETECTED]);
    await channel.close();
    expect(await channel.detect(liveFrame(9))).toEqual({ kind: 'dropped', reason: 'stopped' });
  });
});

import type { DetectPort } from '../../../models/domain/detect-port';
import type { DetectFrame } from '../../../models/domain/frame';
import type { Outcome } from '../../../models/domain/observation';
import { createCreditScheduler } from '../../../workers/dispatch/credit-scheduler';
import { createDetectChannel } from '../../../workers/dispatch/detect-channel';
import { createCameraChannels } from '../../../workers/serve/camera-channels';
import { pixelsOf } from '../../../workers/serve/pixels';
import { jobFrame } from './worker-fixture';

const EMPTY: Outcome = { kind: 'detected', detections: [] };
const REDIS = { store: 'redis', number: 0 } as const;

describe('createCameraChannels', () => {
  /** The scheduler that every port has, with the test in place of processes. */
  function start() {
    const scheduler = createCreditScheduler({ credits: 8 });
    const opened: string[] = [];
    const port: DetectPort = {
      detector: {
        name: '',
        sha256: '',
        fingerprint: '',
        input: { width: 2, height: 2 },
        labels: [],
        defaultMinScore: 0,
      },
      open(options) {
        opened.push(options.cameraId);
        return createDetectChannel(scheduler, { now: () => undefined, soon: () => undefined }, options);
      },
      close: () => Promise.resolve(),
    };
    const take = (max: number, nowMs = 0) => scheduler.takeBatch(max, nowMs);
    return { cameras: createCameraChannels(port, 8), opened, take };
  }

  const pixels = pixelsOf(new Uint8Array(6));

  it('opens a channel with the first frame of a camera, and another after its last', async () => {
    const { cameras, opened, take } = start();
    const both = [0, 1].map((seq) => cameras.detect('p', jobFrame(seq, REDIS, { from: 'a' }), pixels));
    expect(opened).toEqual(['a']);
    for (const ticket of take(8)) ticket.settle(EMPTY);
    expect(await Promise.all(both)).toEqual([EMPTY, EMPTY]);
    void cameras.detect('p', jobFrame(2, REDIS, { from: 'a' }), pixels);
    expect(opened).toEqual(['a', 'a']);
  });

  it('takes turns between cameras, and between cameras of one name of two producers', () => {
    const { cameras, take } = start();
    for (const seq of [0, 1, 2]) void cameras.detect('p', jobFrame(seq, REDIS, { from: 'a' }), pixels);
    void cameras.detect('p', jobFrame(10, REDIS, { from: 'b' }), pixels);
    void cameras.detect('q', jobFrame(20, REDIS, { from: 'a' }), pixels);
    expect(take(3).map((ticket) => ticket.frame.info.seq)).toEqual([0, 10, 20]);
  });

  it('hands on deadline, least score and suspicion', async () => {
    const { cameras, take } = start();
    const late = cameras.detect('p', jobFrame(0, REDIS, { from: 'a', deadlineMs: 99 }), pixels);
    void cameras.detect('p', jobFrame(1, REDIS, { from: 'b', attempt: 2, minScore: 0.5 }), pixels);
    void cameras.detect('p', jobFrame(2, REDIS, { from: 'c' }), pixels);
    const [ticket, ...others] = take(8, 100);
    expect(await late).toEqual({ kind: 'expired' });
    expect(others).toEqual([]);
    expect(ticket!.frame).toMatchObject({
      isAlone: true,
      minScore: 0.5,
      info: { seq: 1, source: { width: 416, height: 256 } },
    } satisfies Partial<Record<keyof DetectFrame, unknown>>);
  });
});

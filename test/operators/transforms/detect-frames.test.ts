import { Subject, from, toArray, lastValueFrom, concat, NEVER } from 'rxjs';
import type { DetectChannel, DetectPort } from '../../../models/domain/detect-port';
import { cameraId } from '../../../models/domain/frame';
import type { DetectFrame, FrameLease, ViewFrame } from '../../../models/domain/frame';
import { createLedger } from '../../../models/domain/ledger';
import type { Outcome } from '../../../models/domain/observation';
import { detectFrames } from '../../../operators/transforms/detect-frames';

function createLease(): FrameLease & { holds: number } {
  return {
    pixels: new Uint8Array(0),
    holds: 1,
    retain() {
      this.holds++;
    },
    release() {
      this.holds--;
    },
  };
}

function info(seq: number) {
  const source = { width: 64, height: 48 };
  const segment = { epoch: 0, isResumed: false };
  return {
    cameraId: cameraId('front'),
    mode: 'recorded',
    segment,
    seq,
    ptsMs: seq * 100,
    atMs: 0,
    source,
  } as const;
}

const frame = (seq: number): DetectFrame => ({ kind: 'frame', info: info(seq), lease: createLease() });
const view = (seq: number): ViewFrame => ({
  kind: 'view',
  info: info(seq),
  size: info(seq).source,
  lease: createLease(),
});

/** A port whose frames are settled by the test, in any order. */
function createHandPort() {
  const accepted: { frame: DetectFrame; settle: (outcome: Outcome) => void }[] = [];
  const port = {
    accepted,
    isClosed: false,
    detector: {
      name: 'm',
      sha256: '',
      fingerprint: '',
      input: { width: 64, height: 48 },
      labels: ['person', 'car'],
      defaultMinScore: 0.4,
    },
    open(): DetectChannel {
      return {
        detect: (accepting) =>
          new Promise((resolve) => {
            const settle = (outcome: Outcome) => {
              accepting.lease.release();
              resolve(outcome);
            };
            accepted.push({ frame: accepting, settle });
          }),
        close: () => {
          port.isClosed = true;
          return Promise.resolve();
        },
      };
    },
    close: () => Promise.resolve(),
  };
  return port satisfies DetectPort;
}

function options(port: DetectPort) {
  const ledger = createLedger();
  return {
    port,
    ledger,
    cameraId: cameraId('front'),
    mode: 'recorded',
    inFlight: 4,
    maxLatencyMs: 0,
  } as const;
}

const settled = () => new Promise((resolve) => setImmediate(resolve));
const detected: Outcome = {
  kind: 'detected',
  detections: [
    { label: 'person', score: 0.9, box: [0, 0, 1, 1] },
    { label: 'car', score: 0.8, box: [0, 0, 1, 1] },
  ],
};

describe('detectFrames', () => {
  it('emits one observation for each frame in the order of the frames, whatever the order of the outcomes', async () => {
    const port = createHandPort();
    const all = lastValueFrom(
      from([frame(0), frame(1), frame(2)]).pipe(detectFrames(options(port)), toArray()),
    );
    await settled();
    port.accepted[2]!.settle({ kind: 'failed', code: 'worker_lost' });
    port.accepted[0]!.settle(detected);
    port.accepted[1]!.settle({ kind: 'dropped', reason: 'superseded' });
    const observations = await all;
    expect(observations.map((item) => 'frame' in item && item.frame.seq)).toEqual([0, 1, 2]);
    expect(observations[0]).toMatchObject({ detections: detected.detections });
    expect(observations[1]).toMatchObject({ unobserved: 'superseded' });
    expect(observations[2]).toMatchObject({ unobserved: 'worker_lost' });
    expect(port.isClosed).toBe(true);
  });

  it('keeps other items in their places and passes on only the detections that are wanted', async () => {
    const port = createHandPort();
    const items = [frame(0), view(0), frame(1)];
    const isWanted = ({ label }: { label: string }) => label === 'car';
    const all = lastValueFrom(
      from(items).pipe(detectFrames<ViewFrame>({ ...options(port), isWanted }), toArray()),
    );
    await settled();
    port.accepted[1]!.settle(detected);
    port.accepted[0]!.settle(detected);
    const seen = await all;
    expect(seen.map(({ kind }) => kind)).toEqual(['observation', 'view', 'observation']);
    expect(seen[0]).toMatchObject({ detections: [{ label: 'car' }] });
  });

  it('tells the port the least score that is of use', async () => {
    const port = createHandPort();
    const all = lastValueFrom(
      from([frame(0)]).pipe(detectFrames({ ...options(port), minScore: 0.3 }), toArray()),
    );
    await settled();
    expect(port.accepted[0]!.frame.minScore).toBe(0.3);
    port.accepted[0]!.settle(detected);
    await all;
  });

  it('counts every outcome in the ledger', async () => {
    const port = createHandPort();
    const settings = options(port);
    settings.ledger.receive(0);
    settings.ledger.receive(0);
    const all = lastValueFrom(from([frame(0), frame(1)]).pipe(detectFrames(settings), toArray()));
    await settled();
    port.accepted[0]!.settle(detected);
    port.accepted[1]!.settle({ kind: 'expired' });
    await all;
    expect(settings.ledger.total()).toMatchObject({ received: 2, detected: 1, expired: 1, inFlight: 0 });
  });

  it('holds frames back while what came of earlier ones is not taken in', async () => {
    const port = createHandPort();
    let open: () => void = () => undefined;
    const room = new Promise<void>((resolve) => (open = resolve));
    const subscription = concat(from([frame(0)]), NEVER)
      .pipe(detectFrames({ ...options(port), ready: () => room }))
      .subscribe();
    await settled();
    expect(port.accepted).toHaveLength(0);
    open();
    await settled();
    expect(port.accepted).toHaveLength(1);
    subscription.unsubscribe();
  });

  it('gives back every lease and closes its channel when the consumer leaves', () => {
    const port = createHandPort();
    const source = new Subject<DetectFrame | ViewFrame>();
    const waiting = view(0);
    const subscription = source.pipe(detectFrames<ViewFrame>(options(port))).subscribe();
    source.next(frame(0));
    source.next(waiting);
    subscription.unsubscribe();
    expect((waiting.lease as ReturnType<typeof createLease>).holds).toBe(0);
    expect(source.observed).toBe(false);
    expect(port.isClosed).toBe(true);
  });

  it('passes an error on and refuses a bad number when it is made', async () => {
    const port = createHandPort();
    const source = new Subject<DetectFrame>();
    const all = lastValueFrom(source.pipe(detectFrames(options(port)), toArray()));
    source.error(new Error('broke'));
    await expect(all).rejects.toThrow('broke');
    expect(() => detectFrames({ ...options(port), inFlight: 0 })).toThrow(
      'expected inFlight of 1 or more, got 0',
    );
  });
});

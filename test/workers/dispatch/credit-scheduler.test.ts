import fc from 'fast-check';
import { cameraId } from '../../../models/domain/frame';
import type { DetectFrame, SourceMode } from '../../../models/domain/frame';
import type { Outcome } from '../../../models/domain/observation';
import { createCreditScheduler } from '../../../workers/dispatch/credit-scheduler';
import type { CreditScheduler, ScheduledChannel, Ticket } from '../../../workers/dispatch/credit-scheduler';

const DETECTED: Outcome = { kind: 'detected', detections: [] };

interface Sent {
  readonly frame: DetectFrame;
  readonly outcomes: Outcome[];
  releases: number;
}

interface CameraOptions {
  readonly id?: string;
  readonly mode?: SourceMode;
  readonly inFlight?: number;
  readonly maxLatencyMs?: number;
}

/** One camera and a record of what became of each of its frames. */
function camera(
  scheduler: CreditScheduler,
  { id = 'a', mode = 'recorded', inFlight = 100, maxLatencyMs = 500 }: CameraOptions = {},
) {
  const channel: ScheduledChannel = scheduler.open({ cameraId: cameraId(id), mode, inFlight, maxLatencyMs });
  const sent: Sent[] = [];
  return {
    channel,
    sent,
    send(capturedAtMs?: number) {
      const entry: Sent = {
        frame: {
          kind: 'frame',
          info: {
            cameraId: cameraId(id),
            mode,
            segment: { epoch: 0, isResumed: false },
            seq: sent.length,
            ptsMs: sent.length * 40,
            atMs: 0,
            ...(capturedAtMs !== undefined && { capturedAtMs }),
            source: { width: 4, height: 4 },
          },
          lease: {
            pixels: new Uint8Array(0),
            retain: () => undefined,
            release: () => {
              entry.releases++;
            },
          },
        },
        outcomes: [],
        releases: 0,
      };
      sent.push(entry);
      channel.offer(entry.frame, (outcome) => entry.outcomes.push(outcome));
      return entry;
    },
  };
}

const names = (tickets: readonly Ticket[]) =>
  tickets.map(({ frame: { info } }) => `${info.cameraId}${info.seq}`);

describe('createCreditScheduler', () => {
  it('takes one frame from each camera in turn, and goes on where the last batch stopped', () => {
    const scheduler = createCreditScheduler({ credits: 100 });
    const cameras = ['a', 'b', 'c'].map((id) => camera(scheduler, { id }));
    for (const each of cameras) for (let n = 0; n < 3; n++) each.send();
    expect(names(scheduler.takeBatch(4, 0))).toEqual(['a0', 'b0', 'c0', 'a1']);
    expect(names(scheduler.takeBatch(4, 0))).toEqual(['b1', 'c1', 'a2', 'b2']);
    expect(names(scheduler.takeBatch(4, 0))).toEqual(['c2']);
    expect(names(scheduler.takeBatch(4, 0))).toEqual([]);
  });

  it('keeps the newest live frame and settles the older as superseded', () => {
    const scheduler = createCreditScheduler({ credits: 1 });
    const live = camera(scheduler, { mode: 'live' });
    const [older, newest] = [live.send(), live.send()];
    expect(older.outcomes).toEqual([{ kind: 'dropped', reason: 'superseded' }]);
    expect(older.releases).toBe(1);
    expect(names(scheduler.takeBatch(8, 0))).toEqual(['a1']);
    expect(newest.outcomes).toEqual([]);
  });

  it('settles a live frame as expired after its deadline, and not at it', () => {
    const scheduler = createCreditScheduler({ credits: 8 });
    const live = camera(scheduler, { mode: 'live', maxLatencyMs: 500 });
    const late = live.send(1000);
    expect(scheduler.takeBatch(8, 1501)).toEqual([]);
    expect(late.outcomes).toEqual([{ kind: 'expired' }]);
    live.send(1000);
    const [ticket] = scheduler.takeBatch(8, 1500);
    expect(ticket?.isExpired(1500)).toBe(false);
    expect(ticket?.isExpired(1501)).toBe(true);
  });

  it('never expires a recorded frame or one whose capture time is unknown', () => {
    const scheduler = createCreditScheduler({ credits: 8 });
    camera(scheduler, { id: 'a', mode: 'recorded' }).send(0);
    camera(scheduler, { id: 'b', mode: 'live' }).send();
    expect(names(scheduler.takeBatch(8, 1e12))).toEqual(['a0', 'b0']);
  });

  it('holds a camera to its own number of frames in flight', () => {
    const scheduler = createCreditScheduler({ credits: 100 });
    const file = camera(scheduler, { inFlight: 2 });
    for (let n = 0; n < 5; n++) file.send();
    expect(scheduler.takeable).toBe(2);
    const [first] = scheduler.takeBatch(8, 0);
    expect(names(scheduler.takeBatch(8, 0))).toEqual([]);
    first!.settle(DETECTED);
    expect(names(scheduler.takeBatch(8, 0))).toEqual(['a2']);
  });

  it('ignores a second settlement', () => {
    const scheduler = createCreditScheduler({ credits: 1 });
    const file = camera(scheduler);
    const entry = file.send();
    const [ticket] = scheduler.takeBatch(1, 0);
    ticket!.releasePixels();
    expect(ticket!.settle(DETECTED)).toBe(true);
    expect(ticket!.settle({ kind: 'failed', code: 'worker_lost' })).toBe(false);
    expect(entry).toMatchObject({ outcomes: [DETECTED], releases: 1 });
    expect(scheduler.inFlight).toBe(0);
  });

  it('reports a closed channel idle when its last frame is settled, and refuses what comes later', () => {
    const scheduler = createCreditScheduler({ credits: 1 });
    const file = camera(scheduler);
    file.send();
    const waiting = file.send();
    const [ticket] = scheduler.takeBatch(1, 0);
    const onIdle = jest.fn();
    file.channel.close(onIdle);
    expect(waiting.outcomes).toEqual([{ kind: 'dropped', reason: 'stopped' }]);
    expect(onIdle).not.toHaveBeenCalled();
    ticket!.settle(DETECTED);
    expect(onIdle).toHaveBeenCalledTimes(1);
    expect(file.send()).toMatchObject({ outcomes: [{ kind: 'dropped', reason: 'stopped' }], releases: 1 });
    const again = jest.fn();
    file.channel.close(again);
    expect(again).toHaveBeenCalledTimes(1);
  });

  it('serves a camera of 2 fps beside one of 30 fps, with a detector of 10 frames a second', () => {
    const scheduler = createCreditScheduler({ credits: 1 });
    const fast = camera(scheduler, { id: 'a', mode: 'live', inFlight: 2 });
    const slow = camera(scheduler, { id: 'b', mode: 'live', inFlight: 2 });
    let busyWith: Ticket | undefined;
    for (let tick = 0; tick < 600; tick++) {
      const nowMs = (tick * 1000) / 60;
      if (tick % 2 === 0) fast.send(nowMs);
      if (tick % 30 === 0) slow.send(nowMs);
      if (tick % 6 === 5) {
        busyWith?.settle(DETECTED);
        [busyWith] = scheduler.takeBatch(1, nowMs);
      }
    }
    busyWith?.settle(DETECTED);
    expect(slow.sent.filter(({ outcomes }) => outcomes[0]?.kind === 'detected')).toHaveLength(20);
    expect(fast.sent.filter(({ outcomes }) => outcomes[0]?.kind === 'detected')).toHaveLength(80);
  });

  it('settles every frame exactly once, gives each lease back once and never exceeds its credits, whatever happens', () => {
    const action = fc.oneof(
      {
        weight: 6,
        arbitrary: fc.record({
          do: fc.constant('send' as const),
          camera: fc.nat(3),
          capturedAtMs: fc.nat(2000),
        }),
      },
      {
        weight: 3,
        arbitrary: fc.record({
          do: fc.constant('take' as const),
          max: fc.integer({ min: 1, max: 5 }),
          nowMs: fc.nat(2000),
        }),
      },
      {
        weight: 3,
        arbitrary: fc.record({ do: fc.constant('settle' as const), index: fc.nat(9), twice: fc.boolean() }),
      },
      { weight: 2, arbitrary: fc.record({ do: fc.constant('release' as const), index: fc.nat(9) }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('close' as const), camera: fc.nat(3) }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('fail' as const) }) },
    );
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 6 }), fc.array(action, { maxLength: 80 }), (credits, actions) => {
        const scheduler = createCreditScheduler({ credits });
        const cameras = [
          camera(scheduler, { id: 'a', inFlight: 3 }),
          camera(scheduler, { id: 'b', mode: 'live', inFlight: 2 }),
          camera(scheduler, { id: 'c', inFlight: 1 }),
          camera(scheduler, { id: 'd', mode: 'live', inFlight: 1 }),
        ];
        const limits = [3, 2, 1, 1];
        const taken: Ticket[] = [];
        const seen = cameras.map(() => -1);
        for (const step of actions) {
          if (step.do === 'send') cameras[step.camera]!.send(step.capturedAtMs);
          if (step.do === 'take') {
            const takeable = scheduler.takeable;
            const batch = scheduler.takeBatch(step.max, step.nowMs);
            expect(batch.length).toBeLessThanOrEqual(Math.min(step.max, takeable));
            for (const { frame } of batch) {
              const which = cameras.findIndex(({ sent }) => sent.some((entry) => entry.frame === frame));
              expect(frame.info.seq).toBeGreaterThan(seen[which]!);
              seen[which] = frame.info.seq;
            }
            taken.push(...batch);
          }
          if (step.do === 'settle') {
            const [ticket] = taken.splice(step.index % Math.max(1, taken.length), 1);
            ticket?.settle(DETECTED);
            if (step.twice) ticket?.settle({ kind: 'expired' });
          }
          if (step.do === 'release') taken[step.index]?.releasePixels();
          if (step.do === 'close') cameras[step.camera]!.channel.close(() => undefined);
          if (step.do === 'fail') scheduler.settleWaiting({ kind: 'failed', code: 'worker_lost' });
          expect(scheduler.inFlight).toBe(taken.length);
          expect(taken.length).toBeLessThanOrEqual(credits);
          for (const [index, { sent }] of cameras.entries()) {
            const own = taken.filter(({ frame }) => sent.some((entry) => entry.frame === frame));
            expect(own.length).toBeLessThanOrEqual(limits[index]!);
            const open = sent.filter(({ outcomes }) => outcomes.length === 0);
            if (index % 2 === 1) expect(open.length).toBeLessThanOrEqual(own.length + 1);
          }
        }
        scheduler.close();
        for (const { sent } of cameras) {
          for (const { outcomes, releases } of sent) {
            expect(outcomes).toHaveLength(1);
            expect(releases).toBe(1);
          }
        }
        expect(scheduler.inFlight).toBe(0);
        expect(cameras[0]!.send().outcomes).toEqual([{ kind: 'dropped', reason: 'stopped' }]);
      }),
    );
  });

  it('refuses credits and limits below one', () => {
    expect(() => createCreditScheduler({ credits: 0 })).toThrow('credits: expected at least 1, got 0');
    expect(() => camera(createCreditScheduler({ credits: 1 }), { inFlight: 0 })).toThrow(
      'inFlight: expected at least 1, got 0',
    );
  });
});

import { from, lastValueFrom, toArray } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import type { DetectFrame, ViewFrame } from '../../../models/domain/frame';
import { createLedger } from '../../../models/domain/ledger';
import type { Observation } from '../../../models/domain/observation';
import { thinFrames } from '../../../operators/transforms/thin-frames';
import { frameInfo, viewFrame } from '../../support/frames';
import { itObeysOperatorLaws } from '../../support/operator-laws';

interface Held extends DetectFrame {
  readonly holds: () => number;
}

function frameAt(ptsMs: number, epoch = 0): Held {
  let holds = 1;
  const lease = {
    pixels: new Uint8Array(0),
    retain: () => {
      holds++;
    },
    release: () => {
      holds--;
    },
  };
  return { kind: 'frame', info: frameInfo({ ptsMs, epoch }), lease, holds: () => holds };
}

const every = (gapMs: number, count: number, epoch = 0) =>
  Array.from({ length: count }, (_, index) => frameAt(index * gapMs, epoch));

/** Stream times of the frames that passed. */
async function passed(frames: readonly DetectFrame[], fps: () => number | undefined): Promise<number[]> {
  const items = await lastValueFrom(
    from(frames).pipe(thinFrames<ViewFrame>({ fps, ledger: createLedger() }), toArray()),
  );
  return items.flatMap((item) => (item.kind === 'frame' ? [item.info.ptsMs] : []));
}

describe('thinFrames', () => {
  itObeysOperatorLaws(
    () => thinFrames<ViewFrame>({ fps: () => 5, ledger: createLedger() }),
    [frameAt(0), viewFrame(frameInfo()), frameAt(100), frameAt(200)],
  );

  it('lets all pass without a rate, and none at a rate of 0', async () => {
    expect(await passed(every(100, 5), () => undefined)).toEqual([0, 100, 200, 300, 400]);
    expect(await passed(every(100, 5), () => 0)).toEqual([]);
  });

  it.each([
    [5, 100, 10, [0, 200, 400, 600, 800]],
    [2.5, 100, 10, [0, 400, 800]],
    [1, 100, 21, [0, 1000, 2000]],
    [10, 200, 5, [0, 200, 400, 600, 800]],
    [2, 333, 9, [0, 666, 999, 1665, 1998, 2664]],
  ])(
    'at %d a second of pictures every %d ms lets every one pass that is due',
    async (fps, gapMs, n, times) => {
      expect(await passed(every(gapMs, n), () => fps)).toEqual(times);
    },
  );

  it('keeps the rate for a camera whose pictures come a little early and late', async () => {
    const jitter = [0, -9, 8, 9, -8, 5, -9, 9, 0, -5];
    const frames = Array.from({ length: 400 }, (_, i) => frameAt(1000 + i * 100 + jitter[i % 10]!));
    const times = await passed(frames, () => 5);
    expect(times).toHaveLength(200);
  });

  it('waits for no time that is long gone, after a gap or with a higher rate', async () => {
    expect(
      await passed(
        [0, 3000, 3100, 3500, 4000].map((ms) => frameAt(ms)),
        () => 1,
      ),
    ).toEqual([0, 3000, 4000]);
    let fps = 1;
    const rates = () => (fps *= 2);
    expect(
      await passed(
        [0, 100, 250, 375].map((ms) => frameAt(ms)),
        rates,
      ),
    ).toEqual([0, 250, 375]);
  });

  it('lets the first frame of an epoch pass', async () => {
    const frames = [...every(100, 3, 0), ...every(100, 3, 1)];
    expect(await passed(frames, () => 1)).toEqual([0, 0]);
  });

  it('settles at once what it leaves out, gives its lease back, and tells of it in its place', () => {
    const ledger = createLedger();
    const frames = every(100, 3);
    for (const { info } of frames) ledger.receive(info.segment.epoch);
    const view = viewFrame(frameInfo());
    new TestScheduler((actual, expected) => expect(actual).toEqual(expected)).run(
      ({ cold, expectObservable }) => {
        const left = { kind: 'observation', frame: frames[1]!.info, unobserved: 'thinned' } as const;
        const values: Record<string, Held | ViewFrame | Observation> = {
          ...{ a: frames[0]!, b: frames[1]!, c: frames[2]!, v: view, l: left },
        };
        const source = cold('a-b-v-c-|', values) as ReturnType<typeof cold<Held | ViewFrame>>;
        const thinned = source.pipe(thinFrames<ViewFrame>({ fps: () => 5, ledger }));
        expectObservable(thinned).toBe('a-l-v-c-|', values);
      },
    );
    expect(frames.map(({ holds }) => holds())).toEqual([1, 0, 1]);
    expect(view.isReleased()).toBe(false);
    expect(ledger.total()).toMatchObject({ received: 3, dropped: { thinned: 1 }, inFlight: 2 });
  });
});

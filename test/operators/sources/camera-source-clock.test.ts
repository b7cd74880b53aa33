import { map, timer } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { cameraSource } from '../../../operators/sources/camera-source';
import { brief, decoded, options } from '../../support/camera-attempts';

/** What a live source of a picture each 100 ms says of capture, as the time since, while this host's clock is set at 1 s. */
function agesAround(setByMs: number): {
  readonly ages: readonly number[];
  readonly statuses: readonly string[];
} {
  const scheduler = new TestScheduler(() => undefined);
  const ages: number[] = [];
  const statuses: string[] = [];
  const nowMs = () => 1e12 + scheduler.now() + (scheduler.now() >= 1000 ? setByMs : 0);
  scheduler.run(({ cold }) => {
    cameraSource(
      options({
        mode: 'live',
        decode: () => timer(0, 100, scheduler).pipe(map((index) => decoded(index * 100))),
        stop: cold('30s x'),
        scheduler,
        clock: { nowMs, monotonicMs: () => scheduler.now() },
      }),
    ).subscribe((item) => {
      if (item.kind === 'status') statuses.push(brief(item));
      else ages.push(nowMs() - item.info.capturedAtMs!);
    });
  });
  return { ages, statuses };
}

describe('cameraSource on a host whose clock is set', () => {
  it.each([3_600_000, -3_600_000, 2000])(
    'by %i ms takes no picture for late, nor blames the camera',
    (byMs) => {
      const { ages, statuses } = agesAround(byMs);
      expect(new Set(ages)).toEqual(new Set([0]));
      expect(statuses).toEqual(['online', 'offline stopped']);
    },
  );
});

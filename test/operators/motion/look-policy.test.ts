import { createLookPolicy } from '../../../operators/motion/look-policy';
import type { MotionChange } from '../../../operators/motion/motion-model';

/** Seconds of a stream of two frames a second in which frames are looked at; each letter is a change. */
function looksAt(letters: string, isLost: (seconds: number) => boolean = () => false): number[] {
  const policy = createLookPolicy({ holdMs: 1000, everyMs: 4000 });
  return Array.from(letters).flatMap((letter, frame) => {
    const change: MotionChange = letter === 'm' ? 'motion' : letter === 's' ? 'scene' : 'still';
    const isDue = policy.isDue(frame * 500, change);
    if (isDue) policy.looking(frame * 500);
    if (isDue && isLost(frame / 2)) policy.missed(frame * 500);
    return isDue ? [frame / 2] : [];
  });
}

describe('the look policy', () => {
  it('looks at the first frame and then once in a while', () => {
    expect(looksAt('.'.repeat(20))).toEqual([0, 4, 8]);
  });

  it('looks on for some time after motion, and counts the time without a look from there', () => {
    expect(looksAt('...m..............')).toEqual([0, 1.5, 2, 2.5, 6.5]);
  });

  it('looks once at another scene', () => {
    expect(looksAt('...s.....')).toEqual([0, 1.5]);
  });

  it('looks at the next frame when nobody could look at this one', () => {
    expect(looksAt('............', (seconds) => seconds < 1)).toEqual([0, 0.5, 1, 5]);
  });

  it('is content when a later frame than the missed one is being looked at', () => {
    const policy = createLookPolicy({ holdMs: 0, everyMs: 4000 });
    policy.looking(0);
    policy.looking(500);
    policy.missed(0);
    expect([1000, 4499, 4500].map((ptsMs) => policy.isOverdue(ptsMs))).toEqual([false, false, true]);
  });
});

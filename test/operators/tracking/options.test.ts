import { resolveTrackerOptions } from '../../../operators/tracking/options';

describe('resolveTrackerOptions', () => {
  it('fills in defaults that accept each other', () => {
    expect(resolveTrackerOptions()).toMatchObject({
      highScore: 0.6,
      lowScore: 0.1,
      confirmHits: 3,
      maxTracks: 256,
    });
    expect(resolveTrackerOptions({ highScore: 0.05 }).lowScore).toBe(0.05);
    expect(resolveTrackerOptions({ forgetAfterMs: 3000 }).unobservedCapMs).toBe(2000);
  });

  it.each([
    [{ highScore: 1.5 }, 'tracker highScore: expected a number from 0 to 1, got 1.5'],
    [{ sureScore: -1 }, 'tracker sureScore: expected a number from 0 to 1, got -1'],
    [{ highScore: 0.4, lowScore: 0.5 }, 'tracker lowScore: expected at most highScore (0.4), got 0.5'],
    [{ forgetAfterMs: -1 }, 'tracker forgetAfterMs: expected milliseconds, 0 or more, got -1'],
    [{ coastMs: NaN }, 'tracker coastMs: expected milliseconds, 0 or more, got NaN'],
    [{ confirmHits: 0 }, 'tracker confirmHits: expected a whole number from 1 to 1000, got 0'],
    [{ maxTracks: 2.5 }, 'tracker maxTracks: expected a whole number from 1 to 4096, got 2.5'],
  ])('refuses %j', (options, message) => {
    expect(() => resolveTrackerOptions(options)).toThrow(new RangeError(message));
  });
});

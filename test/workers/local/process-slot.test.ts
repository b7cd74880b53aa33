import { LOSSES_UNTIL_BROKEN, respawnDelayMs } from '../../../workers/local/process-slot';

describe('respawnDelayMs', () => {
  it('grows with every loss, and is long but bounded once the place is broken', () => {
    const delays = Array.from({ length: 12 }, (_, index) => respawnDelayMs(index + 1));
    expect(delays).toEqual([
      100, 200, 400, 800, 5000, 10_000, 20_000, 40_000, 60_000, 60_000, 60_000, 60_000,
    ]);
    expect(LOSSES_UNTIL_BROKEN).toBe(5);
  });
});

import { soak } from '../bench/soak/soak';

const SECONDS = 30;

describe('eight cameras that misbehave for a while', () => {
  it('leave nothing behind: no memory, no descriptor, no process, no frame that was not counted, no open track', async () => {
    const seed = Date.now() % 1e6;
    const result = await soak({ seconds: SECONDS, cameras: 8, framesPerSecond: 5, seed });
    const { before, after, ledgers, samples, faults } = result;
    // The seed belongs to what is compared, so that a failure tells how to repeat it.
    const told = { seed, ...result, samples: [], faults: {}, before, ledgers: [] };
    expect(told).toMatchObject({
      seed,
      exitCode: 0,
      unbalancedTracks: [],
      repeatedStates: [],
      leftProcesses: 0,
    });
    expect(result.tracks).toBeGreaterThan(20);
    expect({ seed, processes: after.processes }).toEqual({ seed, processes: before.processes });
    expect(Math.abs(after.descriptors - before.descriptors)).toBeLessThanOrEqual(2);
    for (const { received, settled } of ledgers) {
      expect(received).toBeGreaterThan(0);
      expect(settled).toBe(received);
    }
    expect(Object.values(faults).reduce((sum, count) => sum + count)).toBeGreaterThan(15);
    // Node's heap breathes by tens of megabytes; what is lost with each fault would be more than that.
    const half = samples.length / 2;
    const most = (part: typeof samples) => Math.max(...part.map(({ residentBytes }) => residentBytes));
    expect(most(samples.slice(half))).toBeLessThan(most(samples.slice(0, half)) + 40 * 2 ** 20);
  });
});

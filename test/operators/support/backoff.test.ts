import { createBackoff } from '../../../operators/support/backoff';

const options = { firstMs: 1000, maxMs: 8000, authMs: 60_000, random: () => 1 };

describe('createBackoff', () => {
  it('doubles its bound up to the largest and starts over after a success', () => {
    const backoff = createBackoff(options);
    expect([1, 2, 3, 4, 5].map(() => backoff.nextMs('refused'))).toEqual([1000, 2000, 4000, 8000, 8000]);
    backoff.reset();
    expect(backoff.nextMs('refused')).toBe(1000);
  });

  it('spreads delays over the whole range below the bound', () => {
    expect(createBackoff({ ...options, random: () => 0 }).nextMs('timeout')).toBe(0);
    expect(createBackoff({ ...options, random: () => 0.5 }).nextMs('timeout')).toBe(500);
  });

  it('waits at least a minute after wrong credentials', () => {
    expect(createBackoff({ ...options, random: () => 0 }).nextMs('auth')).toBe(60_000);
  });

  it('stays finite after years of failures', () => {
    const backoff = createBackoff(options);
    for (let failure = 0; failure < 5000; failure++) backoff.nextMs('dns');
    expect(backoff.nextMs('dns')).toBe(8000);
  });

  it('refuses bounds that make no sense', () => {
    expect(() => createBackoff({ ...options, maxMs: 10 })).toThrow(
      'expected 0 < firstMs <= maxMs, got 1000 and 10',
    );
  });
});

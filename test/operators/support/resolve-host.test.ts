import { pendingLookUps, resolveHost } from '../../../operators/support/resolve-host';

describe('resolveHost', () => {
  it.each(['127.0.0.1', '::1', '[::1]', 'localhost'])('finds %s', async (host) => {
    await expect(resolveHost(host)).resolves.toBeUndefined();
  });

  it('looks a name up once, however many ask for it meanwhile, and keeps nothing of it', async () => {
    const asked = Array.from({ length: 1000 }, (_, index) => resolveHost(`shared-${index % 5}.invalid`));
    expect(pendingLookUps()).toBe(5);
    for (const result of await Promise.allSettled(asked)) expect(result.status).toBe('rejected');
    expect(pendingLookUps()).toBe(0);
  });

  it('names the host that there is not, for however many ask', async () => {
    const asked = Array.from({ length: 8 }, (_, index) => resolveHost(`no-${index}.invalid`));
    for (const [index, result] of (await Promise.allSettled(asked)).entries()) {
      expect(result).toMatchObject({ status: 'rejected', reason: { code: 'dns' } });
      expect((result as PromiseRejectedResult).reason).toMatchObject({
        detail: expect.stringContaining(`no-${index}.invalid: expected an address, got`) as string,
      });
    }
    await expect(resolveHost('localhost')).resolves.toBeUndefined();
  });
});

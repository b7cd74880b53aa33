import { retryFor } from '../../../workers/serve/retry-for';

describe('retryFor', () => {
  it('tries again until it works', async () => {
    let attempts = 0;
    const attempt = () => (++attempts < 3 ? Promise.reject(new Error('away')) : Promise.resolve(attempts));
    expect(await retryFor(5000, attempt)).toBe(3);
  });

  it('rejects with the latest error when its time is over', async () => {
    let attempts = 0;
    const attempt = () => Promise.reject(new Error(`away ${++attempts}`));
    await expect(retryFor(150, attempt)).rejects.toThrow('away 2');
  });
});

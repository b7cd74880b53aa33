import { suggest } from '../../config/suggest';

describe('suggest', () => {
  it.each([
    ['max_fps', 'maxFps'],
    ['MaxFPS', 'maxFps'],
    ['mxaFps', 'maxFps'],
    ['maxFp', 'maxFps'],
    ['urll', 'url'],
    ['lables', 'labels'],
  ])('takes %s for %s', (word, meant) => {
    expect(suggest(word, ['url', 'maxFps', 'labels', 'loop'])).toBe(meant);
  });

  it.each(['password', 'x', '', 'maxFps'.repeat(100)])('has nothing to say to %j', (word) => {
    expect(suggest(word, ['url', 'maxFps', 'labels', 'loop'])).toBeUndefined();
  });
});

import { defineConfig } from '../../config/define-config';
import { configErrorOf } from '../support/config-error';

const define = (url: string, viewUrl: string, more: object = {}) =>
  defineConfig({ cameras: { front: { url, viewUrl, ...more } } });

describe('the second stream of a camera', () => {
  it.each<readonly [string, string, string, string]>([
    [
      'beside a recording',
      'a.mp4',
      'rtsp://h/main',
      'expected no value beside a recording (live cameras only), got "rtsp://h/main"',
    ],
    [
      'that is a recording',
      'rtsp://h/sub',
      'a.mp4',
      'expected a live stream (rtsp, http, sdp, v4l2 or test), got "a.mp4"',
    ],
    [
      'that is the first',
      'rtsp://h/sub',
      'rtsp://h/sub',
      'expected another stream than url, got "rtsp://h/sub"',
    ],
    ['that is the first in other words', 'cam.sdp', 'sdp:./cam.sdp', 'expected another stream than url'],
    ['that is the same device', 'v4l2:/dev/video0', '/dev/video0', 'expected another stream than url'],
    ['of no known scheme', 'rtsp://h/sub', 'ftp://h/s', 'expected a URL with rtsp://,'],
  ])('is refused %s', (_what, url, viewUrl, message) => {
    const { faults } = configErrorOf(() => define(url, viewUrl));
    expect(faults).toMatchObject([
      { path: 'cameras.front.viewUrl', message: expect.stringContaining(message) as string },
    ]);
  });

  it('is replaced by no output', () => {
    const cameras = { front: { url: 'rtsp://h/sub', viewUrl: 'sdp:main.sdp', annotate: 'front.mp4' } };
    const events = [{ type: 'jsonl', path: './main.sdp' }] as const;
    expect(configErrorOf(() => defineConfig({ cameras, events })).faults).toMatchObject([
      { path: 'events[0].path', message: 'expected another file than an input, got "./main.sdp"' },
    ]);
  });

  it('has credentials that are hidden, and a path that starts at the file', () => {
    const { config, secrets } = define('rtsp://h/sub', 'rtsp://guard:p%40ss-w0rd@h/main');
    expect(config.cameras['front']!.viewUrl).toBe('rtsp://guard:p%40ss-w0rd@h/main');
    expect(secrets).toContain('p%40ss-w0rd');
    const { viewUrl } = define('a.mp4', 'sdp:main.sdp', { loop: true }).config.cameras['front']!;
    expect(viewUrl).toBe(`sdp:${process.cwd()}/main.sdp`);
  });
});

import { reportOf, rowOf } from '../../../pipeline/cli/probe-report';
import type { ProbeOk, ProbeResult } from '../../../pipeline/probe/result';

const BAD_CAMERA: ProbeOk = {
  v: 1,
  input: 'rtsps://***@10.0.0.5/main',
  state: 'ok',
  transport: 'rtsps-tcp',
  connectMs: 412.4,
  firstFrameMs: 3208.2,
  measuredMs: 4960,
  video: {
    codec: 'hevc',
    profile: 'Main',
    pixelFormat: 'yuvj420p',
    width: 3840,
    height: 2160,
    sampleAspect: [4, 3],
    sizeCount: 2,
    frameCount: 123,
    declaredFps: 25,
    measuredFps: 24.996,
    gop: { isMeasured: false, longerThanMs: 4960 },
    hasBFrames: true,
    bitrateBps: 8_123_456,
  },
  audio: [{ codec: 'aac', profile: 'LC' }, { codec: 'pcm_alaw' }],
  times: {
    isMonotonic: false,
    withoutPtsCount: 1,
    backwardCount: 2,
    standingCount: 3,
    gapCount: 1,
    epochCount: 7,
    intervalMs: { p5: 33, p50: 40.004, p95: 44, max: 812.3 },
    driftMs: -12.4,
  },
  damage: { count: 2, first: 'error while decoding MB 3 4' },
  advice: [
    { code: 'damaged', text: 'one' },
    { code: 'hevc', text: 'two' },
  ],
};
const FAILED: ProbeResult = {
  v: 1,
  input: 'rtsp://h/s',
  state: 'failed',
  error: { code: 'auth', detail: '401 \u001b[31mUnauthorized\r\nx', remedy: 'check the user name' },
};

describe('reportOf', () => {
  it('tells all that was found, the verdict last', () => {
    expect(reportOf(BAD_CAMERA)).toEqual([
      'rtsps://***@10.0.0.5/main',
      '  transport    RTSP over TLS',
      '  opened       after 412 ms, first picture after 3208 ms',
      '  video        hevc (Main), yuvj420p, 3840x2160 and 1 other size, pixels 4:3, 8.1 Mbit/s',
      '  rate         25 frames a second, 25 declared',
      '  key frames   no second one in 5.0 s; B-frames: yes',
      '  audio        aac (LC), pcm_alaw',
      '  pts          not monotonic, 1 without pts, 2 backward, 3 standing still, 1 gap, interval 40 ms (p50), 812.3 ms (max), wall time -12 ms in 5.0 s',
      '  decoding     123 pictures, 2 errors (first: error while decoding MB 3 4)',
      '  verdict      ok, but',
      '               - one',
      '               - two',
    ]);
  });

  it('gives no sign to a difference of nothing', () => {
    const times = { ...BAD_CAMERA.times, driftMs: -0.2 };
    expect(reportOf({ ...BAD_CAMERA, times }).join()).toContain('wall time +0 ms in');
  });

  it('tells what is wrong and what to do, and nothing that a terminal would obey', () => {
    expect(reportOf(FAILED)).toEqual([
      'rtsp://h/s',
      '  verdict      failed: auth: 401  [31mUnauthorized  x',
      '  remedy       check the user name',
    ]);
  });

  it('says that there was no time', () => {
    expect(reportOf({ v: 1, input: 'a', state: 'stopped' })).toEqual([
      'a',
      '  verdict      stopped before the first picture',
    ]);
  });
});

describe('rowOf', () => {
  it('is one line', () => {
    expect(rowOf('front', BAD_CAMERA, 7)).toBe(
      'front    ok       hevc 3840x2160, 25 fps, GOP over 5.0 s, 8.1 Mbit/s, audio aac, first picture 3208 ms, but: damaged hevc',
    );
    expect(rowOf('yard', FAILED, 7)).toBe(
      'yard     failed   auth: 401  [31mUnauthorized  x; check the user name',
    );
    expect(rowOf('gate', { v: 1, input: 'a', state: 'stopped' }, 7)).toBe('gate     stopped');
  });
});

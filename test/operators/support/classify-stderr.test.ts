import {
  classifyStderr,
  damageIn,
  tellsOfLength,
  tellsOfSilence,
} from '../../../operators/support/classify-stderr';
import { createRedactor, credentialsOf } from '../../../models/domain/redact';
import { createStderrTail } from '../../../operators/support/stderr-tail';

describe('classifyStderr', () => {
  it.each([
    [
      '[rtsp @ 0x55] [error] method DESCRIBE failed: 401 Unauthorized',
      'auth',
      'method DESCRIBE failed: 401 Unauthorized',
    ],
    [
      '[error] rtsp://h/s: Server returned 404 Not Found',
      'not_found',
      'rtsp://h/s: Server returned 404 Not Found',
    ],
    ['[tcp @ 0x1] [error] Connection to tcp://127.0.0.1:1 failed: Connection refused', 'refused', undefined],
    [
      '[tcp @ 0x1] [error] Failed to resolve hostname nope.invalid: Name or service not known',
      'dns',
      undefined,
    ],
    ['[error] rtsp://h/s: Connection timed out', 'timeout', undefined],
    ['[error] a.mp4: Invalid data found when processing input', 'corrupt', undefined],
    [
      '[mov,mp4 @ 0x5] [error] moov atom not found',
      'corrupt',
      'expected a whole video file, got another or one cut off (no moov atom)',
    ],
    [
      "[fatal] Stream specifier ':v:0' in filtergraph description [0:v:0]select='isnan(prev_selected_t)+",
      'codec',
      'expected a video stream, found none',
    ],
    ['[error] file:/footage/404/clip 401.mp4: Invalid data found', 'corrupt', undefined],
    [
      '[tcp @ 0x1] [error] Connection to tcp://10.0.0.5:554?timeout=5000000 failed: Broken pipe',
      'ended',
      undefined,
    ],
    ['[error] http://h/404/401?x=403: Invalid data found when processing input', 'corrupt', undefined],
    ["[hls @ 0x5] [error] Error when loading first segment 'http://h/401/a.ts'", 'unknown', undefined],
    ['[http @ 0x5] [warning] HTTP error 404 Not Found', 'not_found', 'HTTP error 404 Not Found'],
    [
      '[tls @ 0x5] [error] Peer certificate failed verification',
      'unknown',
      'expected a certificate that is valid for this host and signed by an authority this system trusts, got another',
    ],
    ["[tls @ 0x5] [error] The certificate's owner does not match hostname h", 'unknown', undefined],
    ['[error] rtsp://h/Streaming/Channels/401: Connection refused', 'refused', undefined],
    ['[error] rtsp://***@h/403/404: Invalid data found when processing input', 'corrupt', undefined],
    [
      '[tcp @ 0x1] [error] Connection to tcp://10.0.0.5:404?timeout=8000000 failed: Connection refused',
      'refused',
      undefined,
    ],
    ['[rtsp @ 0x5] [error] method SETUP failed: 404 Stream not here', 'not_found', undefined],
    ['[error] http://h/a: Server returned 403 (access denied)', 'auth', undefined],
    ['[h264 @ 0x5] [error] error while decoding MB 401 12, bytestream -5', 'corrupt', undefined],
    ['[rtsp @ 0x5] [warning] RTP: missed 404 packets', 'unknown', undefined],
    [
      '[rtsp @ 0x5] [error] method SETUP failed: 461 Unsupported Transport',
      'transport',
      'method SETUP failed: 461 Unsupported Transport',
    ],
    ['[rtsp @ 0x5] [error] Nonmatching transport in server reply', 'transport', undefined],
    ['[error] rtsp://h:461/s: Connection refused', 'refused', undefined],
    [
      '[tls @ 0x5] [error] An unexpected TLS packet was received.',
      'protocol',
      'expected TLS, as rtsps:// and https:// say, got something else',
    ],
    ['[tls @ 0x5] [error] error:0A00010B:SSL routines::wrong version number', 'protocol', undefined],
    [
      "[image2 @ 0x5] [error] Format not on whitelist 'mpjpeg,mpegts'",
      'protocol',
      'expected a format that is read from such an input (over HTTP: MJPEG, MPEG-TS or HLS, no single pictures; of a file: a video, or a picture named as one), got another',
    ],
    [
      '[h264 @ 0x5] [error] No device available for decoder: device type cuda needed for codec h264.',
      'hwaccel',
      'No device available for decoder: device type cuda needed for codec h264',
    ],
    ["[tls @ 0x5] [error] Protocol 'x' not on whitelist 'y'", 'protocol', undefined],
    ['[error] something new', 'unknown', 'something new'],
  ])('%s is %s', (line, code, detail) => {
    const classified = classifyStderr([line]);
    expect(classified.code).toBe(code);
    if (detail !== undefined) expect(classified.detail).toBe(detail);
  });

  it('prefers the telling line over what follows from it', () => {
    const lines = [
      '[rtsp @ 0x5] [error] method SETUP failed: 401 Unauthorized',
      '[error] rtsp://h/s: Invalid data found',
    ];
    expect(classifyStderr(lines).code).toBe('auth');
  });

  it('knows nothing of silence', () => {
    expect(classifyStderr([])).toEqual({ code: 'unknown' });
  });
});

describe('tellsOfLength', () => {
  it.each([
    ['[info]   Duration: 00:00:04.00, start: 1.400000, bitrate: 239 kb/s', true],
    ['[info]   Duration: 101:00:04.00, start: 0.000000, bitrate: N/A', true],
    ['[info]   Duration: N/A, start: 1.400000, bitrate: N/A', false],
    ['[info]   Duration: N/A, bitrate: N/A', false],
    ['[info]     title           : Duration: 00:00:04.00, start: 1', false],
  ])('%s: %p', (line, isLong) => expect(tellsOfLength(line)).toBe(isLong));
});

describe('tellsOfSilence', () => {
  it.each([
    ['[error] rtsp://h/s: Connection timed out', true],
    ['[error] rtsp://h/s: Operation timed out', true],
    ['[error] rtsp://h/s: Connection refused', false],
    ['[info]     title           : it timed out', false],
    ['[info]     title           : Connection timed out', false],
  ])('%s: %s', (line, told) => {
    expect(tellsOfSilence(line)).toBe(told);
  });
});

describe('damageIn', () => {
  it.each([
    [
      '[mov,mp4 @ 0x5] [warning] Packet corrupt (stream = 0, dts = 18432).',
      'Packet corrupt (stream = 0, dts = 18432)',
    ],
    ['[mov,mp4 @ 0x5] [error] stream 0, offset 0x2a: partial file', 'stream 0, offset 0x2a: partial file'],
    ['[matroska,webm @ 0x5] [error] File ended prematurely', 'File ended prematurely'],
    [
      '[error] Error while decoding stream #0:0: Invalid data',
      'Error while decoding stream #0:0: Invalid data',
    ],
    ['[error] http://u:pw@h/a.ts: partial file', 'http://***@h/a.ts: partial file'],
    ['[rtsp @ 0x5] [warning] RTP: missed 12 packets', 'RTP: missed 12 packets'],
    ['[rtsp @ 0x5] [warning] max delay reached. need to consume packet', undefined],
    ['[mpegts @ 0x5] [warning] Packet corrupt (stream = 0, dts = 981000).', undefined],
    ['[info]   title : [error] Packet corrupt', undefined],
    ['[swscaler @ 0x5] [warning] deprecated pixel format used', undefined],
  ])('reads %s', (line, told) => {
    expect(damageIn(line)).toBe(told);
  });

  it('hides a password whose quotes end the URL for every pattern', () => {
    const url = `rtsp://u:Zq'w"E<r@h/s`;
    const line = `[warning] ${url}: corrupt decoded frame in stream 0`;
    expect(damageIn(line, createRedactor(credentialsOf(url)))).toBe(
      'rtsp://***@h/s: corrupt decoded frame in stream 0',
    );
  });
});

describe('createStderrTail', () => {
  it('keeps a bounded number of bounded lines without credentials or running commentary', () => {
    const tail = createStderrTail({ maxLines: 2, maxLength: 40 });
    tail.push('[showinfo@detect @ 0x1] [info] n: 0');
    for (let at = 0; at < 100; at++) tail.push(`[error] ${at} rtsp://u:secret@h/s ${'x'.repeat(1000)}`);
    expect(tail.lines()).toHaveLength(2);
    expect(tail.lines()[1]).toMatch(/^\[error\] 99 rtsp:\/\/\*\*\*@h\/s x+$/);
  });

  it('removes credentials before it cuts a line in the midst of them', () => {
    const tail = createStderrTail({ maxLength: 24 });
    tail.push('[error] rtsp://user:secret@camera.example/stream');
    expect(tail.lines()).toEqual(['[error] rtsp://***@camer']);
  });
});

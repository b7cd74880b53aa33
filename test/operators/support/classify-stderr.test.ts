import { classifyStderr } from '../../../operators/support/classify-stderr';
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
    ['[mov,mp4 @ 0x5] [error] moov atom not found', 'corrupt', undefined],
    ["[fatal] Stream specifier ':v:0' in filtergraph description matches no streams.", 'codec', undefined],
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

describe('createStderrTail', () => {
  it('keeps a bounded number of bounded lines without credentials or running commentary', () => {
    const tail = createStderrTail({ maxLines: 2, maxLength: 40 });
    tail.push('[showinfo@detect @ 0x1] [info] n: 0');
    for (let at = 0; at < 100; at++) tail.push(`[error] ${at} rtsp://u:secret@h/s ${'x'.repeat(1000)}`);
    expect(tail.lines()).toHaveLength(2);
    expect(tail.lines()[1]).toMatch(/^\[error\] 99 rtsp:\/\/\*\*\*@h\/s x+$/);
  });
});

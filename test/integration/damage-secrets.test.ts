import { filter, firstValueFrom, map, tap } from 'rxjs';
import { ffmpegFrames, isDecodedFrame } from '../../operators/sources/ffmpeg-frames';
import { rtspFixture } from '../support/rtsp-fixture';
import { PLAZA } from '../support/sightline';

/** Signs that may stand in a URL and end it for whoever looks for URLs in text. */
const PASSWORD = `Zq'w"E<r>t`;

describe('a camera whose pictures are damaged', () => {
  const fixture = rtspFixture(() => PLAZA);

  it('is told of in words of FFmpeg that do not give its password away', async () => {
    const server = await fixture.start({ user: 'u', password: PASSWORD });
    const url = server.url().replace('//', `//u:${PASSWORD}@`);
    const source = ffmpegFrames({
      request: { kind: 'rtsp', location: url, input: { width: 416, height: 256 } },
      mode: 'live',
      detectBuffers: 3,
    });
    const told = source.pipe(
      tap((item) => {
        if (!isDecodedFrame(item)) return;
        item.lease?.release();
        server.corrupt(0.3);
      }),
      map((item) => ('note' in item && item.note === 'damage' ? item.detail : '')),
      filter((detail) => detail.includes('corrupt decoded frame')),
    );
    expect(await firstValueFrom(told)).toBe(
      `rtsp://***@127.0.0.1:${server.port}/stream: corrupt decoded frame in stream 0`,
    );
  });
});

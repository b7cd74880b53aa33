import { createHash } from 'node:crypto';
import { spawnSync } from 'node:child_process';
import { i420ByteLength } from '../../../operators/support/i420-painter';
import { createNutWriter } from '../../../operators/support/nut-writer';
import type { NutWriterOptions } from '../../../operators/support/nut-writer';

const TIME_BASE = [1, 360_000] as const;

function run(program: string, args: readonly string[], input: Uint8Array): string {
  const { status, stdout, stderr } = spawnSync(program, args, { input, maxBuffer: 1e8 });
  expect(stderr.toString()).toBe('');
  expect(status).toBe(0);
  return stdout.toString();
}

function write(options: Omit<NutWriterOptions, 'timeBase'>, ptsTicks: readonly number[]) {
  const nut = createNutWriter({ ...options, timeBase: TIME_BASE });
  const pictures = ptsTicks.map((_, n) =>
    new Uint8Array(i420ByteLength(options)).map((_value, index) => (index * 7 + n * 31) % 251),
  );
  const parts = pictures.flatMap((picture, n) => [nut.frameHeader(ptsTicks[n]!, picture.length), picture]);
  return { bytes: Buffer.concat([nut.header(), ...parts]), pictures };
}

describe('createNutWriter', () => {
  it.each([
    [{ width: 64, height: 48 }],
    [{ width: 101, height: 75 }],
    [{ width: 1, height: 1 }],
    [{ width: 640, height: 360 }],
  ])('is read back by FFmpeg with every pts and every byte at %j', (size) => {
    const pts = [0, 1, 127, 128, 36_000, 36_001, 16_500_000, 5_000_000_000, 2 ** 40];
    const { bytes, pictures } = write(size, pts);
    const lines = run(
      'ffmpeg',
      [
        '-v',
        'error',
        '-f',
        'nut',
        '-i',
        '-',
        '-copyts',
        '-enc_time_base',
        '-1',
        '-fps_mode',
        'passthrough',
        '-f',
        'framemd5',
        '-',
      ],
      bytes,
    )
      .split('\n')
      .filter((line) => /^\d/.test(line))
      .map((line) => line.split(/,\s*/));
    expect(lines.map((fields) => Number(fields[2]))).toEqual(pts);
    expect(lines.map((fields) => fields[5])).toEqual(
      pictures.map((picture) => createHash('md5').update(picture).digest('hex')),
    );
  });

  it('says size, pixel aspect and time base', () => {
    const { bytes } = write({ width: 101, height: 75, sampleAspect: [16, 11] }, [0, 36_000]);
    const probed = JSON.parse(
      run('ffprobe', ['-v', 'error', '-of', 'json', '-show_streams', '-f', 'nut', '-'], bytes),
    );
    expect(probed.streams).toMatchObject([
      {
        width: 101,
        height: 75,
        sample_aspect_ratio: '16:11',
        time_base: '1/360000',
        pix_fmt: 'yuv420p',
        codec_name: 'rawvideo',
      },
    ]);
  });

  it('refuses a pts that NUT cannot carry', () => {
    const nut = createNutWriter({ width: 2, height: 2, timeBase: TIME_BASE });
    expect(() => nut.frameHeader(-1, 6)).toThrow('pts: expected 0 or more ticks, got -1');
    expect(() => nut.frameHeader(0.5, 6)).toThrow(RangeError);
  });
});

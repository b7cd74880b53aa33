import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { makeVideo } from '../fixtures/make-video';
import { tempFolder } from '../support/temp-folder';

const run = promisify(execFile);

interface Probe {
  readonly streams: readonly {
    readonly codec_type: string;
    readonly width?: number;
    readonly height?: number;
    readonly sample_aspect_ratio?: string;
    readonly side_data_list?: readonly { readonly rotation?: number }[];
  }[];
  readonly packets: readonly { readonly pts_time: string }[];
}

async function probe(file: string): Promise<Probe> {
  const { stdout } = await run('ffprobe', [
    '-v',
    'error',
    '-show_streams',
    '-show_packets',
    '-of',
    'json',
    file,
  ]);
  return JSON.parse(stdout) as Probe;
}

async function ptsSeconds(file: string): Promise<readonly number[]> {
  return (await probe(file)).packets.map(({ pts_time }) => Number(pts_time));
}

async function sizeOf(file: string): Promise<string> {
  const [stream] = (await probe(file)).streams;
  return `${stream?.width}x${stream?.height}`;
}

/** What a decoder gives back, which is not always what the container lists. */
async function decodedPtsSeconds(file: string): Promise<readonly number[]> {
  const entries = ['-show_entries', 'frame=pts_time', '-of', 'csv=p=0'];
  const { stdout } = await run('ffprobe', ['-v', 'error', '-select_streams', 'v:0', ...entries, file]);
  return (stdout.match(/-?\d+\.\d+/g) ?? []).map(Number);
}

function steps(times: readonly number[]): readonly number[] {
  return times.slice(1).map((time, index) => Number((time - times[index]!).toFixed(4)));
}

const twenty = Array.from({ length: 20 }, (_, index) => index);

describe('makeVideo', () => {
  const folder = tempFolder();

  it('makes a plain clip of the asked size, rate and length', async () => {
    const file = await makeVideo.plain(folder, { size: '64x48', fps: 25, seconds: 1 });
    expect(await sizeOf(file)).toBe('64x48');
    expect(steps(await ptsSeconds(file))).toEqual(Array.from({ length: 24 }, () => 0.04));
  });

  it('makes pts jitter around the frame rate without ever going back', async () => {
    const gaps = steps(await ptsSeconds(await makeVideo.jittered(folder)));
    expect(gaps).toHaveLength(19);
    expect(Math.min(...gaps)).toBeGreaterThan(0.03);
    expect(Math.min(...gaps)).toBeLessThan(0.07);
    expect(Math.max(...gaps)).toBeGreaterThan(0.13);
  });

  it('makes bursts of five pictures a millisecond apart', async () => {
    const expected = twenty.slice(1).map((index) => (index % 5 === 0 ? 0.496 : 0.001));
    expect(steps(await ptsSeconds(await makeVideo.bursty(folder)))).toEqual(expected);
  });

  it('makes a hole of three seconds', async () => {
    const expected = twenty.slice(1).map((index) => (index === 10 ? 3.1 : 0.1));
    expect(steps(await ptsSeconds(await makeVideo.gapped(folder)))).toEqual(expected);
  });

  it('makes a rate that changes on the way', async () => {
    const expected = twenty.slice(1).map((index) => (index <= 10 ? 0.1 : 0.04));
    expect(steps(await ptsSeconds(await makeVideo.variableRate(folder)))).toEqual(expected);
  });

  it('makes pts jump back, in the container and after decoding', async () => {
    const file = await makeVideo.backward(folder);
    const expected = twenty.slice(1).map((index) => (index === 10 ? -5.9 : 0.1));
    expect(steps(await ptsSeconds(file))).toEqual(expected);
    expect(steps(await decodedPtsSeconds(file))).toEqual(expected);
  });

  it('makes a first pts below zero, in the container and after decoding', async () => {
    const file = await makeVideo.negativeStart(folder);
    const expected = twenty.map((index) => Number((index / 10 - 0.5).toFixed(6)));
    expect(await ptsSeconds(file)).toEqual(expected);
    expect(await decodedPtsSeconds(file)).toEqual(expected);
  });

  it.each([
    ['oddSize', '101x75', 20],
    ['tiny', '2x2', 20],
    ['huge', '4096x2160', 3],
    ['portrait', '120x160', 20],
  ] as const)('makes the %s clip really %s', async (name, size, frames) => {
    const file = await makeVideo[name](folder);
    expect(await sizeOf(file)).toBe(size);
    expect(await decodedPtsSeconds(file)).toHaveLength(frames);
  });

  it('makes a rotation that ffmpeg honours', async () => {
    const file = await makeVideo.rotated(folder);
    const [stream] = (await probe(file)).streams;
    expect(Math.abs(stream?.side_data_list?.[0]?.rotation ?? 0)).toBe(90);
    expect(await sizeOf(file)).toBe('160x120');
    const upright = `${file}.png`;
    await run('ffmpeg', ['-v', 'error', '-i', file, '-frames:v', '1', '-y', upright]);
    expect(await sizeOf(upright)).toBe('120x160');
  });

  it('makes pixels that are not square', async () => {
    const [stream] = (await probe(await makeVideo.anamorphic(folder))).streams;
    expect(stream?.sample_aspect_ratio).toBe('4:3');
  });

  it('makes a file with sound only', async () => {
    const { streams } = await probe(await makeVideo.audioOnly(folder));
    expect(streams.map(({ codec_type }) => codec_type)).toEqual(['audio']);
  });

  it('makes an mp4 without its index', async () => {
    const file = await makeVideo.truncated(folder);
    await expect(probe(file)).rejects.toThrow('moov atom not found');
    expect((await readFile(file)).subarray(4, 8).toString()).toBe('ftyp');
  });

  it('makes a text that no demuxer takes for a video', async () => {
    await expect(probe(await makeVideo.text(folder))).rejects.toThrow('Invalid data found');
  });
});

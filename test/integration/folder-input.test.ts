import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { filter, firstValueFrom, take, toArray } from 'rxjs';
import { cameraId } from '../../models/domain/frame';
import { decodeInput } from '../../operators/sources/decode-input';
import { isDecodedFrame } from '../../operators/sources/ffmpeg-frames';
import { eventSourceOf } from '../../pipeline/event-source';
import { picturesOf } from '../support/input-facts';
import { processesWith } from '../support/processes';
import { PLAZA, eventsOf, killAll, readEvents, startSightline } from '../support/sightline';
import type { SightlineRun } from '../support/sightline';
import { tempFolder } from '../support/temp-folder';
import { waitFor } from '../support/wait-for';

const INPUT = { width: 416, height: 256 };

describe('a folder of pictures', () => {
  const root = tempFolder();
  const runs: SightlineRun[] = [];
  let count = 0;

  afterEach(() => killAll(runs.splice(0)));

  const ffmpeg = (...args: readonly string[]) => execFileSync('ffmpeg', ['-v', 'error', '-y', ...args]);
  const picture = (path: string, size = '64x48', more: readonly string[] = []) =>
    ffmpeg(
      '-f',
      'lavfi',
      '-i',
      `testsrc=size=${size}`,
      '-frames:v',
      '1',
      ...more,
      '-update',
      '1',
      `file:${path}`,
    );
  function newFolder(): string {
    const folder = join(root, `folder-${count++}/`);
    mkdirSync(folder);
    return folder;
  }
  const decode = (folder: string, folderFps: number, onDamage: (detail: string) => void = () => undefined) =>
    decodeInput({
      request: { kind: 'folder', location: folder, input: INPUT },
      folderFps,
      mode: 'recorded',
      detectBuffers: 2,
      onDamage,
    }).pipe(filter(isDecodedFrame));
  /** Pts and size of each picture, in the order in which they come. */
  async function decoded(folder: string, folderFps = 10, onDamage?: (detail: string) => void) {
    const frames: string[] = [];
    await decode(folder, folderFps, onDamage).forEach(({ shown, muxedPtsMs, lease }) => {
      frames.push(`${shown.ptsMs ?? muxedPtsMs} ${shown.size.width}x${shown.size.height}`);
      lease!.release();
    });
    return frames;
  }

  it('is read in natural order, whatever the names, sizes and formats, each at the time of its place', async () => {
    const folder = newFolder();
    picture(join(folder, '10.jpg'), '80x60');
    picture(join(folder, '9.JPEG'), '101x75', ['-pix_fmt', 'yuvj444p']);
    picture(join(folder, '2.png'), '33x17');
    picture(join(folder, "a %03d 'quoted'\n|new.png"), '40x30');
    picture(join(folder, '-i.bmp'), '50x40');
    picture(join(folder, 'ü.tiff'), '20x10');
    picture(join(folder, 'z.webp'), '30x20');
    // Its name says PNG, its content JPEG.
    copyFileSync(join(folder, '10.jpg'), join(folder, '11.png'));
    writeFileSync(join(folder, '.hidden.jpg'), 'x');
    writeFileSync(join(folder, 'notes.txt'), 'x');
    mkdirSync(join(folder, 'folder.jpg'));
    const sizes = ['33x17', '101x75', '80x60', '80x60', '50x40', '40x30', '30x20', '20x10'];
    expect(await decoded(folder)).toEqual(sizes.map((size, index) => `${index * 100} ${size}`));
  });

  it('has exact times at any rate', async () => {
    const folder = newFolder();
    for (let index = 0; index < 8; index++) picture(join(folder, `${index}.png`));
    const timesAt = async (fps: number) =>
      (await decoded(folder, fps)).map((line) => Number(line.split(' ')[0]));
    expect(await timesAt(25)).toEqual([0, 40, 80, 120, 160, 200, 240, 280]);
    for (const [index, time] of (await timesAt(29.97)).entries())
      expect(time).toBeCloseTo((index * 1000) / 29.97);
    expect(await timesAt(0.5)).toEqual([0, 2000, 4000, 6000, 8000, 10_000, 12_000, 14_000]);
  });

  it('goes past what is no picture, leaves its time empty, and says so once', async () => {
    const folder = newFolder();
    for (const name of ['1', '4', '6', '8']) picture(join(folder, `${name}.jpg`));
    writeFileSync(join(folder, '2.jpg'), 'no picture at all');
    execFileSync('mkfifo', [join(folder, '3.jpg')]);
    writeFileSync(join(folder, '5.jpg'), readFileSync(join(folder, '4.jpg')).subarray(0, 20));
    writeFileSync(join(folder, '7.png'), readFileSync(join(folder, '1.jpg')).subarray(0, 0));
    const told: string[] = [];
    const frames = await decoded(folder, 10, (detail) => told.push(detail));
    expect(frames).toEqual(['0 64x48', '300 64x48', '500 64x48', '700 64x48']);
    expect(told).toEqual([expect.stringContaining('2.jpg: expected a picture')]);
  });

  it('is not opened by FFmpeg: a list of files that calls itself a picture opens nothing', async () => {
    const folder = newFolder();
    writeFileSync(join(folder, '1.jpg'), `ffconcat version 1.0\nfile ${PLAZA}\n`);
    // Nor when it begins as one.
    writeFileSync(
      join(folder, '2.png'),
      Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), Buffer.from(PLAZA)]),
    );
    await expect(decoded(folder)).rejects.toMatchObject({ code: 'corrupt' });
  });

  it('without pictures, or that is not there, fails in plain words', async () => {
    const empty = newFolder();
    await expect(decoded(empty)).rejects.toMatchObject({ code: 'not_found' });
    await expect(decoded(join(root, 'gone/'))).rejects.toMatchObject({ code: 'not_found' });
  });

  it('is held back by a slow consumer, and ends with it', async () => {
    const folder = newFolder();
    picture(join(folder, '0.png'), '1280x720');
    for (let index = 1; index < 40; index++)
      copyFileSync(join(folder, '0.png'), join(folder, `${index}.png`));
    const held = await firstValueFrom(decode(folder, 10).pipe(take(2), toArray()));
    for (const { lease } of held) lease!.release();
    await waitFor(() => processesWith('pipe:0').length === 0, { what: 'the end of FFmpeg' });
  });

  it('is probed as it is decoded', async () => {
    const folder = newFolder();
    picture(join(folder, '1.jpg'));
    picture(join(folder, '2.png'), '32x32');
    const frames = await picturesOf({ kind: 'folder', location: folder, folderFps: 4 }, 'recorded');
    expect(frames.map(({ ptsMs, size: { width } }) => [ptsMs, width])).toEqual([
      [0, 64],
      [250, 32],
    ]);
  });

  it('has a source of its own, made of its pictures alone', async () => {
    const [folder, same, other] = [newFolder(), newFolder(), newFolder()];
    picture(join(folder, '1.png'));
    picture(join(folder, '2.png'), '32x32');
    for (const name of ['1.png', '2.png']) copyFileSync(join(folder, name), join(same, name));
    copyFileSync(join(folder, '1.png'), join(other, '2.png'));
    copyFileSync(join(folder, '2.png'), join(other, '1.png'));
    writeFileSync(join(same, 'notes.txt'), 'x');
    const sourceOf = (location: string) =>
      eventSourceOf({ kind: 'folder', mode: 'recorded', location, id: cameraId('a') });
    expect(await sourceOf(folder)).toMatch(/^file\/[0-9a-f]{16}$/);
    expect(await sourceOf(same)).toBe(await sourceOf(folder));
    expect(await sourceOf(other)).not.toBe(await sourceOf(folder));
  });

  it('gives the same events wherever it lies, and those of its film', async () => {
    const [folder, copy] = [newFolder(), newFolder()];
    ffmpeg('-i', PLAZA, '-frames:v', '20', '-q:v', '2', join(folder, 'p%d.jpg'));
    for (let index = 1; index <= 20; index++)
      copyFileSync(join(folder, `p${index}.jpg`), join(copy, `p${index}.jpg`));
    async function eventsOfRun(location: string, name: string) {
      const config = join(root, `${name}.yaml`);
      const output = join(root, `${name}.jsonl`);
      writeFileSync(config, `cameras: { a: { url: ${location} } }\nmodel: { processes: 1 }\n`);
      const run = startSightline(root, ['run', '--config', config, '--output', output]);
      runs.push(run);
      expect([await run.ended, run.stderr()]).toEqual([0, expect.stringContaining('20 frames looked at')]);
      return { text: readFileSync(output, 'utf8'), events: readEvents(output) };
    }
    const first = await eventsOfRun(folder, 'first');
    expect((await eventsOfRun(copy, 'second')).text).toBe(first.text);
    expect(eventsOf(first.events, 'track.started').length).toBeGreaterThan(3);
    expect(eventsOf(first.events, 'track.ended').length).toBe(eventsOf(first.events, 'track.started').length);
  });
});

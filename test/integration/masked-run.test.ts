import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { Box } from '../../models/domain/geometry';
import type { Polygon } from '../../models/domain/polygon';
import { MAIN, PLAZA, eventsOf, readEvents } from '../support/sightline';
import { BYTE, judge } from '../support/masked';
import { isInside } from '../support/polygons';
import { tempFolder } from '../support/temp-folder';

/** The road and the paving of the bundled clip, where nearly all of its people walk. */
const ROAD: Polygon = [
  [0, 0.24],
  [0.5, 0.2],
  [0.8, 0.17],
  [1, 0.17],
  [1, 0.88],
  [0.6, 0.72],
  [0.35, 0.55],
  [0, 0.45],
];
const SIZE = { width: 768, height: 576 };

describe('sightline run with a mask over the road of the bundled clip', () => {
  const folder = tempFolder();

  function run(name: string, camera: object): string {
    const events = join(folder, `${name}.jsonl`);
    const config = join(folder, `${name}.yaml`);
    const cameras = { plaza: { url: PLAZA, maxFps: 5, ...camera } };
    writeFileSync(config, stringify({ cameras, events: [{ type: 'jsonl', path: events }] }));
    execFileSync(process.execPath, [MAIN, 'run', '--config', config], { stdio: 'ignore' });
    return events;
  }

  /** Data of events whose box has all of its corners on the road. */
  const boxesOnRoad = (path: string) =>
    readEvents(path).flatMap(({ data }) => {
      if (!('boxFraction' in data)) return [];
      const [left, top, right, bottom] = data.boxFraction as Box;
      const corners = [
        [left, top],
        [right, top],
        [right, bottom],
        [left, bottom],
      ] as const;
      return corners.every((corner) => isInside(corner, ROAD)) ? [data] : [];
    });

  it('tracks nobody there, gives other ids, and the same bytes again', () => {
    const plain = run('plain', {});
    const masked = run('masked', { masks: [{ name: 'road', points: ROAD }] });
    expect(boxesOnRoad(plain).length).toBeGreaterThan(20);
    expect(boxesOnRoad(masked)).toEqual([]);

    const ids = (path: string) => readEvents(path).map(({ id }) => id);
    expect(ids(masked).filter((id) => ids(plain).includes(id))).toEqual([]);
    expect(eventsOf(readEvents(masked), 'camera.offline')[0]?.data.cause).toBe('completed');

    const again = run('again', { masks: [{ points: ROAD }] });
    expect(readFileSync(again).equals(readFileSync(masked))).toBe(true);
  });

  it('leaves it black in the annotated video, and the rest as it is', () => {
    const decode = (path: string) => {
      const raw = ['-frames:v', '24', '-pix_fmt', 'yuv420p', '-f', 'rawvideo', 'pipe:1'];
      return execFileSync('ffmpeg', ['-v', 'error', '-i', path, ...raw], { maxBuffer: 1 << 26 });
    };
    // Nothing that the model finds here, so that no box is drawn over the mask.
    const annotate = join(folder, 'masked.mp4');
    const short = join(folder, 'short.mp4');
    execFileSync('ffmpeg', ['-v', 'error', '-i', PLAZA, '-t', '3', '-c', 'copy', short]);
    run('video', { url: short, maxFps: 10, annotate, labels: ['bus'], masks: [{ points: ROAD }] });
    const [video, source] = [decode(annotate), decode(PLAZA)];
    expect(video).toHaveLength(source.length);

    const bytes = judge([ROAD], SIZE, SIZE, SIZE);
    const luma = SIZE.width * SIZE.height;
    let mostOff = 0;
    const errors = { count: 0, sum: 0 };
    for (let at = 0; at < video.length; at++) {
      const place = at % bytes.length;
      if (bytes[place] === BYTE.masked) {
        mostOff = Math.max(mostOff, Math.abs(video[at]! - (place < luma ? 16 : 128)));
      } else if (bytes[place] === BYTE.untouched) {
        errors.count++;
        errors.sum += Math.abs(video[at]! - source[at]!);
      }
    }
    // Coding rings beside sharp edges; a picture under the mask would differ by up to 219.
    expect(mostOff).toBeLessThan(16);
    expect(errors.sum / errors.count).toBeLessThan(4);
  });
});

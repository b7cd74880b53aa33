import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import Ajv2020 from 'ajv/dist/2020';
import addFormats from 'ajv-formats';
import { boxIou } from '../../models/domain/geometry';
import type { Box } from '../../models/domain/geometry';
import { loadManifest } from '../../models/efficientvit/manifest';
import { packageRoot } from '../../models/support/package-root';
import { trackColour } from '../../operators/support/palette';
import { withoutDuplicates } from '../../operators/tracking/detection-set';
import { createTracker } from '../../operators/tracking/tracker';
import { frameInfo } from '../support/frames';
import { MAIN, PLAZA, eventsOf, readEvents } from '../support/sightline';
import { tempFolder } from '../support/temp-folder';

const ONE_BY_ONE = resolve(packageRoot, '../shared/clips/one-by-one-person.mp4');
const SIZE = { width: 768, height: 576 };

interface DetectedFrame {
  readonly frame: number;
  readonly ptsMs: number;
  readonly detections: readonly { readonly label: string; readonly score: number; readonly box: Box }[];
}

function sightline(...args: readonly string[]): string {
  return execFileSync(process.execPath, [MAIN, ...args], {
    encoding: 'utf8',
    maxBuffer: 1 << 26,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
}

const parseLines = (text: string) =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as DetectedFrame);

const CARS: readonly Box[] = [
  [731, 50, 767, 96],
  [650, 45, 722, 100],
];

/** The second is a van, for which each of these is right enough. */
const VEHICLES: ReadonlySet<string> = new Set(['car', 'truck', 'bus']);

const isOneOfTheCars = (box: Box) => CARS.some((car) => boxIou(car, box) > 0.4);

/** The smallest person, 15 pixels wide, walks alone and uncovered, much the same way a frame: by number of the frame, by hand. */
const FAR_PERSON: readonly (readonly [frame: number, box: Box])[] = [
  [35, [260, 56, 273, 85]],
  [53, [211, 63, 230, 98]],
  [71, [163, 71, 179, 107]],
  [89, [110, 82, 127, 120]],
  [107, [41, 92, 65, 135]],
  [113, [30, 96, 50, 141]],
];

function farPersonAt(frame: number): Box {
  const at = FAR_PERSON.findIndex(([number]) => number >= frame);
  const [to, last] = FAR_PERSON[at]!;
  const [from, first] = FAR_PERSON[Math.max(0, at - 1)]!;
  const share = to === from ? 0 : (frame - from) / (to - from);
  return first.map((value, side) => value + share * (last[side]! - value)) as unknown as Box;
}

describe.each(['efficientvit-b0-416x256', 'efficientvit-b0-640x384'])('sightline detect with %s', (model) => {
  let found: readonly DetectedFrame[];
  /** Score from which a detection counts unless a camera says otherwise. */
  let least: number;

  beforeAll(async () => {
    found = parseLines(sightline('detect', PLAZA, '--model', model, '--min-score', '0.05'));
    least = (await loadManifest(model)).thresholds.score;
  });

  it('finds what Python and onnxruntime found in every frame, and nothing else', () => {
    const golden = parseLines(
      readFileSync(join(packageRoot, `test/golden/detector/plaza.${model}.jsonl`), 'utf8'),
    );
    expect(found.map(({ frame, ptsMs }) => [frame, ptsMs])).toEqual(
      golden.map(({ frame, ptsMs }) => [frame, ptsMs]),
    );

    const isSame = (a: DetectedFrame['detections'][number], b: DetectedFrame['detections'][number]) =>
      a.label === b.label && boxIou(a.box, b.box) >= 0.9 && Math.abs(a.score - b.score) <= 0.05;
    for (const [at, { detections }] of found.entries()) {
      const expected = withoutDuplicates(golden[at]!.detections);
      expect(
        expected.filter((one) => one.score >= 0.4 && !detections.some((other) => isSame(one, other))),
      ).toEqual([]);
      expect(
        detections.filter((one) => one.score >= 0.4 && !expected.some((other) => isSame(one, other))),
      ).toEqual([]);
    }
  });

  it('takes neither clothes, nor a rock, nor a sign for anything in three frames, and no car for two things', () => {
    const counted = found.map(({ detections }) => detections.filter(({ score }) => score >= least));
    const isCar = ({ label, box }: DetectedFrame['detections'][number]) =>
      VEHICLES.has(label) && isOneOfTheCars(box);
    const labels = counted.flatMap((frame) =>
      frame.filter((one) => one.label !== 'person' && !isCar(one)).map(({ label }) => label),
    );
    const standing = new Set(labels.filter((label) => labels.filter((one) => one === label).length >= 3));
    expect([...standing]).toEqual([]);
    for (const car of CARS) {
      const twice = counted.filter((frame) => frame.filter(({ box }) => boxIou(car, box) > 0.4).length > 1);
      expect(twice.length).toBeLessThan(3);
    }
  });

  it('sees the smallest person in nine of ten frames, and makes tracks of people and the two cars alone', () => {
    const tracker = createTracker({ highScore: least, lowScore: 0.1 });
    const tracked = found.map(({ frame, ptsMs, detections }) => ({
      frame,
      tracks: tracker.update(frameInfo({ seq: frame, ptsMs }), detections).tracks,
    }));
    const all = tracked.flatMap(({ tracks }) => tracks);
    const cars = all.filter(({ label, box }) => label === 'car' && isOneOfTheCars(box));
    expect(new Set(cars.map(({ number }) => number)).size).toBe(2);
    expect(all.filter(({ label }) => label !== 'person')).toEqual(cars);

    const walk = tracked.filter(({ frame }) => frame >= 35 && frame <= 113);
    const missed = walk.filter(
      ({ frame, tracks }) =>
        !tracks.some(
          ({ label, box, isVisible }) =>
            label === 'person' && isVisible && boxIou(box, farPersonAt(frame)) > 0.4,
        ),
    );
    expect(walk).toHaveLength(79);
    expect(missed.length).toBeLessThan(8);
  });
});

describe('sightline run on the bundled clip', () => {
  const folder = tempFolder();
  const output = (name: string) => join(folder, `${name}.jsonl`);
  const video = join(folder, 'annotated.mp4');

  beforeAll(() => {
    sightline('run', PLAZA, '--output', output('first'), '--annotate', video);
    sightline('run', PLAZA, '--output', output('half'), '--max-fps', '5');
  });

  it.each([
    ['in batches of 1 by 1 process', ['--batch', '1', '--processes', '1']],
    ['in batches of 8 by 3 processes', ['--batch', '8', '--processes', '3']],
  ])('gives byte-identical events %s', (name, flags) => {
    sightline('run', PLAZA, '--output', output(name), '--max-fps', '5', ...flags);
    expect(readFileSync(output(name)).equals(readFileSync(output('half')))).toBe(true);
  });

  it('gives events that all validate against the generated JSON Schema, each with an id of its own', () => {
    const ajv = new Ajv2020({ strict: false });
    addFormats(ajv);
    const validate = ajv.compile(JSON.parse(sightline('schema', '--events')) as object);
    const events = readEvents(output('first'));
    expect(events.filter((event) => !validate(event))).toEqual([]);
    expect(new Set(events.map(({ id }) => id)).size).toBe(events.length);
  });

  it('are what the README shows', () => {
    const readme = readFileSync(join(packageRoot, 'README.md'), 'utf8');
    const [event] = eventsOf(readEvents(output('first')), 'track.started');
    for (const shown of [
      event!.id,
      event!.source,
      event!.time,
      ...[event!.data.box, event!.data.boxFraction].map((box) => JSON.stringify(box)),
    ]) {
      expect(readme).toContain(shown);
    }
  });

  it('starts at least eight tracks and ends each exactly once', () => {
    const events = readEvents(output('first'));
    const started = eventsOf(events, 'track.started').map(({ data }) => data.trackId);
    const ended = eventsOf(events, 'track.ended').map(({ data }) => data.trackId);
    expect(started.length).toBeGreaterThanOrEqual(8);
    expect(new Set(started).size).toBe(started.length);
    expect([...ended].sort()).toEqual([...started].sort());
  });

  it("draws a video of the clip's size, rate and number of frames", () => {
    const entries = 'stream=width,height,nb_read_frames,avg_frame_rate';
    const probe = ['-v', 'error', '-count_frames', '-show_entries', entries, '-of', 'csv=p=0', video];
    expect(execFileSync('ffprobe', probe, { encoding: 'utf8' }).trim()).toBe('768,576,10/1,240');
  });

  it('draws each box where its event says, in the colour of its track', () => {
    const events = readEvents(output('first')).filter(
      ({ type }) => type === 'track.started' || type === 'track.updated',
    );
    const boxes = events.map(
      ({ data }) => data as { ptsMs: number; box: Box; trackId: string; isVisible?: boolean },
    );
    const visible = boxes.filter(({ isVisible = true }) => isVisible);
    // Tracks are told of once a second, each at its own time: what may hide a box is what was told about then.
    const alone = visible.filter(({ box, trackId, ptsMs }) =>
      visible.every(
        (other) =>
          other.trackId === trackId || Math.abs(other.ptsMs - ptsMs) > 1000 || isFarFrom(other.box, box),
      ),
    );
    expect(alone.length).toBeGreaterThanOrEqual(5);
    const chosen = Array.from({ length: 10 }, (_, at) => visible[Math.floor((at * visible.length) / 10)]!);
    const first = alone.slice(0, 5);
    const frameOf = ({ ptsMs }: { readonly ptsMs: number }) => Math.round(ptsMs / 100);
    const pictures = decodeFrames([...chosen, ...first].map(frameOf));
    for (const [least, boxes] of [
      [0.3, chosen],
      [0.7, first],
    ] as const) {
      for (const one of boxes) {
        const pixels = pictures.get(frameOf(one))!;
        expect(shareOfEdge(pixels, one.box, Number(one.trackId.split('-').at(-1)))).toBeGreaterThan(least);
      }
    }
  });

  /** True when a caption of one, above or below it, cannot lie on the other. */
  function isFarFrom([x1, y1, x2, y2]: Box, [left, top, right, bottom]: Box): boolean {
    const [beside, above] = [120, 24];
    return x2 + beside < left || right < x1 - beside || y2 + above < top || bottom < y1 - above;
  }

  /** Frames of the video as I420, by number. */
  function decodeFrames(numbers: readonly number[]): ReadonlyMap<number, Buffer> {
    const wanted = [...new Set(numbers)].sort((one, other) => one - other);
    const select = `select=${wanted.map((number) => `eq(n\\,${number})`).join('+')}`;
    const output = ['-fps_mode', 'passthrough', '-pix_fmt', 'yuv420p', '-f', 'rawvideo', 'pipe:1'];
    const length = (SIZE.width * SIZE.height * 3) / 2;
    const bytes = execFileSync('ffmpeg', ['-v', 'error', '-i', video, '-vf', select, ...output], {
      maxBuffer: wanted.length * length,
    });
    expect(bytes.length).toBe(wanted.length * length);
    return new Map(wanted.map((number, at) => [number, bytes.subarray(at * length, (at + 1) * length)]));
  }

  /** Part of a box's edge whose pixels have the colour of the track; captions of others may hide some. */
  function shareOfEdge(pixels: Buffer, [x1, y1, x2, y2]: Box, trackNumber: number): number {
    const [luma, u, v] = trackColour(trackNumber);
    const points: [number, number][] = [];
    const inside = (x: number, y: number) => x >= 0 && y >= 0 && x < SIZE.width && y < SIZE.height;
    for (let x = Math.round(x1); x < Math.round(x2); x++)
      points.push([x, Math.round(y1)], [x, Math.round(y2) - 1]);
    for (let y = Math.round(y1); y < Math.round(y2); y++)
      points.push([Math.round(x1), y], [Math.round(x2) - 1, y]);
    const onPicture = points.filter(([x, y]) => inside(x, y));
    const chroma = SIZE.width * SIZE.height;
    const coloured = onPicture.filter(([x, y]) => {
      const at = chroma + (y >> 1) * (SIZE.width / 2) + (x >> 1);
      const near = (value: number, wanted: number, tolerance: number) =>
        Math.abs(value - wanted) <= tolerance;
      return (
        near(pixels[y * SIZE.width + x]!, luma, 40) &&
        near(pixels[at]!, u, 40) &&
        near(pixels[at + chroma / 4]!, v, 40)
      );
    });
    return coloured.length / onPicture.length;
  }
});

(existsSync(ONE_BY_ONE) ? describe : describe.skip)('sightline run on people who pass one by one', () => {
  const folder = tempFolder();

  it('reports the kinds asked for and ends every track', () => {
    const output = join(folder, 'events.jsonl');
    sightline('run', ONE_BY_ONE, '--output', output, '--labels', 'person', '--max-fps', '5');
    const events = readEvents(output);
    const started = eventsOf(events, 'track.started');
    expect(started.length).toBeGreaterThanOrEqual(3);
    expect(eventsOf(events, 'track.ended')).toHaveLength(started.length);
    expect(new Set(started.map(({ data }) => data.label))).toEqual(new Set(['person']));
    expect(eventsOf(events, 'camera.offline')[0]?.data.cause).toBe('completed');
  });
});

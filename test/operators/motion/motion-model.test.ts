import { createMotionModel } from '../../../operators/motion/motion-model';
import type { MotionChange } from '../../../operators/motion/motion-model';
import { CONTENT, INPUT, courtyard, createCamera, createRandom, withBox } from '../../support/scenes';
import type { Scene } from '../../support/scenes';

/** As the defaults of the configuration. */
const OPTIONS = { minContrast: 8, minAreaFraction: 0.001 };
const FPS = 10;
/** 0.5 % of the picture. */
const SMALL = { width: 8, height: 15 };

/** What a model says of each picture of `seconds` of a scene that may change with time. */
function watch(
  seconds: number,
  sceneAt: (seconds: number, frame: number) => Scene,
  { noise = 3, fps = FPS } = {},
): MotionChange[] {
  const camera = createCamera({ noise });
  const model = createMotionModel(CONTENT, INPUT.width, OPTIONS);
  return Array.from({ length: seconds * fps }, (_, frame) =>
    model.update((frame * 1000) / fps, camera(sceneAt(frame / fps, frame))),
  );
}

const countOf = (changes: readonly MotionChange[], kind: MotionChange) =>
  changes.filter((change) => change === kind).length;
const shareOf = (changes: readonly MotionChange[], kind: MotionChange) =>
  countOf(changes, kind) / changes.length;
const lit =
  (scene: Scene, gain: number, offset = 0): Scene =>
  (x, y) =>
    16 + (scene(x, y) - 16) * gain + offset;

describe('the motion model', () => {
  it('tells of the first picture that it is a new scene, and again after a reset', () => {
    const model = createMotionModel(CONTENT, INPUT.width, OPTIONS);
    const picture = createCamera()(courtyard);
    expect([0, 100].map((ptsMs) => model.update(ptsMs, picture))).toEqual(['scene', 'still']);
    model.reset();
    expect([0, 100].map((ptsMs) => model.update(ptsMs, picture))).toEqual(['scene', 'still']);
  });

  it.each([0, 3, 6])('sees nothing in a still scene with noise of %d levels', (noise) => {
    expect(
      countOf(
        watch(60, () => courtyard, { noise }),
        'still',
      ),
    ).toBe(599);
  });

  it('learns what noise is within seconds, where there is very much of it', () => {
    const changes = watch(15, () => courtyard, { noise: 18 });
    expect(countOf(changes.slice(5 * FPS), 'still')).toBe(10 * FPS);
  });

  it('sees nothing in a dawn of four minutes, even or from one side', () => {
    const even = watch(240, (at) => lit(courtyard, 0.25 + at / 240, at / 24), { fps: 2 });
    expect(countOf(even, 'still')).toBe(even.length - 1);
    const sided = watch(
      240,
      (at) => (x, y) => 16 + (courtyard(x, y) - 16) * (0.25 + (at / 240) * (0.5 + (0.5 * x) / CONTENT.width)),
      { fps: 2 },
    );
    expect(countOf(sided, 'still')).toBe(sided.length - 1);
  });

  it('sees nothing while exposure adapts in steps, with black and white parts that stay as they are', () => {
    const scene: Scene = (x, y) => (x < 60 ? 16 : x > 180 ? 235 : courtyard(x, y));
    const changes = watch(20, (at) => (x, y) => {
      const level = scene(x, y);
      const gain = 1 - 0.05 * Math.min(8, Math.max(0, Math.floor((at - 5) / 0.3)));
      return level <= 16 || level >= 235 ? level : 16 + (level - 16) * gain;
    });
    expect(countOf(changes, 'still')).toBe(changes.length - 1);
  });

  it('tells once of a lamp that lights everything, and sees who walks in its light', () => {
    const changes = watch(30, (at) => {
      if (at < 10) return courtyard;
      const room = lit(courtyard, 1.5, 12);
      return at < 20 ? room : withBox(room, [(at - 20) * 15, 40], { width: 12, height: 30 }, -40);
    });
    expect(changes.indexOf('scene', 1)).toBe(10 * FPS);
    expect(countOf(changes.slice(10 * FPS + 1, 20 * FPS), 'still')).toBe(10 * FPS - 1);
    expect(shareOf(changes.slice(20 * FPS), 'motion')).toBeGreaterThan(0.95);
  });

  it('takes a lamp that lights a quarter of the picture for motion for some seconds, not for minutes', () => {
    const glow: Scene = (x, y) => 70 * Math.exp(-((x - 150) ** 2 + (y - 50) ** 2) / 1200);
    const changes = watch(30, (at) => (x, y) => courtyard(x, y) + (at < 5 ? 0 : glow(x, y)));
    expect(changes[5 * FPS]).not.toBe('still');
    expect(countOf(changes.slice(10 * FPS), 'still')).toBe(20 * FPS);
  });

  it.each([25, -25])('sees a box of half a per cent of the picture that walks by, %d levels off', (by) => {
    const changes = watch(30, (at) =>
      at < 5 ? courtyard : withBox(courtyard, [((at - 5) * 8) % 200, 30], SMALL, by),
    );
    expect(countOf(changes.slice(1, 5 * FPS), 'still')).toBe(5 * FPS - 1);
    expect(shareOf(changes.slice(5 * FPS), 'motion')).toBeGreaterThan(0.95);
  });

  it('sees a box that takes a second for two pixels', () => {
    const changes = watch(30, (at) =>
      at < 10 ? courtyard : withBox(courtyard, [(at - 10) * 2, 30], { width: 12, height: 30 }, 40),
    );
    expect(changes.slice(10 * FPS, 11 * FPS)).toContain('motion');
    expect(shareOf(changes.slice(12 * FPS), 'motion')).toBeGreaterThan(0.9);
  });

  it('takes what stopped for background after some seconds, and sees it go away again', () => {
    const leftAt = (at: number) =>
      at < 5 ? -30 : at < 10 ? (at - 5) * 16 : at < 40 ? 80 : 80 + (at - 40) * 16;
    const changes = watch(45, (at) => withBox(courtyard, [leftAt(at), 40], { width: 30, height: 20 }, 50));
    expect(shareOf(changes.slice(6 * FPS, 10 * FPS), 'motion')).toBe(1);
    expect(countOf(changes.slice(15 * FPS, 40 * FPS), 'still')).toBe(25 * FPS);
    expect(shareOf(changes.slice(40 * FPS + 2), 'motion')).toBe(1);
  });

  it('gets used to the bands of a lamp at 50 Hz, and still sees who walks by', () => {
    const random = createRandom(7);
    const changes = watch(40, (at) => {
      const phase = random() * 2 * Math.PI;
      const banded: Scene = (x, y) =>
        courtyard(x, y) * (1 + 0.06 * Math.sin((y / CONTENT.height) * 9 + phase));
      return at < 30 ? banded : withBox(banded, [(at - 30) * 18, 30], { width: 14, height: 34 }, 60);
    });
    expect(shareOf(changes.slice(5 * FPS, 30 * FPS), 'still')).toBeGreaterThan(0.99);
    expect(shareOf(changes.slice(30 * FPS), 'motion')).toBeGreaterThan(0.9);
  });

  it('sees nothing in blocks that a key frame every two seconds makes jump', () => {
    const random = createRandom(3);
    const blocks = Float32Array.from({ length: 26 * 15 }, () => 0);
    const changes = watch(40, (_at, frame) => {
      if (frame % 20 === 0) for (const block of blocks.keys()) blocks[block] = 6 * random() - 3;
      return (x, y) => courtyard(x, y) + blocks[(y >> 3) * 26 + (x >> 3)]!;
    });
    expect(countOf(changes, 'still')).toBe(changes.length - 1);
  });

  it('looks at a camera that is nudged, and settles within seconds', () => {
    const changes = watch(20, (at) => (at < 5 ? courtyard : (x, y) => courtyard(x + 3, y + 2)));
    expect(changes[5 * FPS]).not.toBe('still');
    expect(countOf(changes.slice(10 * FPS), 'still')).toBe(10 * FPS);
  });

  it('tells of every picture of a camera that turns', () => {
    const changes = watch(10, (at) =>
      at < 2 ? courtyard : (x, y) => courtyard(x + Math.round((at - 2) * 60), y),
    );
    expect(countOf(changes.slice(2 * FPS + 1), 'still')).toBe(0);
  });
});

import type { Detection } from '../../../models/domain/detection';
import { createTracker } from '../../../operators/tracking/tracker';
import { detectionAt, frameInfo } from '../../support/frames';

/** Where the centre of an object is at a time in seconds, if the detector sees it. */
type Path = (seconds: number) => readonly [x: number, y: number] | undefined;

interface Scene {
  readonly fps: number;
  readonly seconds: number;
  readonly paths: Readonly<Record<string, Path>>;
  /** Times at which nobody looks. */
  readonly isBlind?: (seconds: number) => boolean;
  /** Error of the detector in pixels, at a time. */
  readonly jitterPx?: number;
}

/** Columns of a timeline. */
const COLUMNS = 40;

/**
 * Plays a scene and draws what became of it, a row for each object: the number of the track that has its box, `.` while the object
 * is not seen, `-` while it is seen and no track has it (yet), `?` where nobody looks.
 */
function draw({ fps, seconds, paths, isBlind = () => false, jitterPx = 0 }: Scene): string {
  const tracker = createTracker();
  const frames = Math.round(fps * seconds);
  const rows = new Map(Object.keys(paths).map((name) => [name, '']));
  let shown = 0;
  for (let seq = 0; seq < frames; seq++) {
    const at = seq / fps;
    const frame = frameInfo({ seq, ptsMs: at * 1000 });
    const blind = isBlind(at);
    const seen = new Map<string, Detection>();
    for (const [index, [name, path]] of Object.entries(paths).entries()) {
      const place = path(at);
      // Deterministic, and another for each object and frame.
      const off = (phase: number) => jitterPx * Math.sin(12.9898 * seq + 78.233 * index + phase);
      if (place !== undefined && !blind) seen.set(name, detectionAt(place[0] + off(0), place[1] + off(2)));
    }
    const { tracks } = blind ? tracker.skip(frame) : tracker.update(frame, [...seen.values()]);
    const isShown = Math.floor(((seq + 1) * COLUMNS) / frames) > shown;
    if (!isShown) continue;
    shown++;
    for (const name of rows.keys()) {
      const detection = seen.get(name);
      const track = tracks.find(({ box, isVisible }) => isVisible && box === detection?.box);
      const mark = detection === undefined ? '.' : track === undefined ? '-' : String(track.number);
      rows.set(name, rows.get(name)! + (blind ? '?' : mark));
    }
  }
  const width = Math.max(...[...rows.keys()].map((name) => name.length));
  return [...rows].map(([name, row]) => `${name.padEnd(width)} ${row}`).join('\n');
}

const walk =
  (fromX: number, y: number, speed: number): Path =>
  (t) => [fromX + speed * t, y];

/** Not seen between two times. */
const hidden =
  (path: Path, from: number, to: number): Path =>
  (t) =>
    t >= from && t < to ? undefined : path(t);

const lines = (...rows: readonly string[]) => rows.join('\n');

describe('tracks of a scene', () => {
  it.each([5, 10, 30])('go on when two people cross and one hides the other, at %d fps', (fps) => {
    const paths = { right: walk(100, 200, 80), left: hidden(walk(420, 215, -80), 1.8, 2.3) };
    expect(draw({ fps, seconds: 4, paths })).toMatch(/^right -{0,5}1{18,}\nleft {2}-{0,5}2+\.+2+$/);
  });

  it('go on behind a pillar, and through a stop behind it', () => {
    const paths = {
      passer: hidden(walk(100, 200, 70), 1.5, 2.4),
      waiter: hidden((t) => [400 + 60 * Math.min(t, 1.6), 300], 1.5, 2.7),
    };
    expect(draw({ fps: 10, seconds: 4, paths })).toBe(
      lines(
        'passer --1111111111111.........1111111111111111', //
        'waiter --2222222222222............2222222222222',
      ),
    );
  });

  it('stay with each of a group that walks together', () => {
    const paths = { front: walk(100, 200, 60), middle: walk(75, 205, 60), back: walk(50, 210, 60) };
    expect(draw({ fps: 10, seconds: 4, paths, jitterPx: 3 })).toBe(
      lines(
        'front  --33333333333333333333333333333333333333',
        'middle --22222222222222222222222222222222222222',
        'back   --11111111111111111111111111111111111111',
      ),
    );
  });

  it('stay when one overtakes another', () => {
    const paths = { slow: walk(200, 200, 30), fast: walk(100, 204, 110) };
    expect(draw({ fps: 10, seconds: 4, paths, jitterPx: 2 })).toBe(
      lines(
        'slow --22222222222222222222222222222222222222', //
        'fast --11111111111111111111111111111111111111',
      ),
    );
  });

  it('stay when somebody turns round', () => {
    const paths = { turner: ((t) => [100 + 90 * (t < 2 ? t : 4 - t), 200]) satisfies Path };
    expect(draw({ fps: 10, seconds: 4, paths, jitterPx: 2 })).toBe(
      'turner --11111111111111111111111111111111111111',
    );
  });

  it('are new ones after a long time unseen', () => {
    const paths = { visitor: hidden(walk(100, 200, 0), 1, 3) };
    expect(draw({ fps: 10, seconds: 4, paths })).toBe('visitor --11111111....................--22222222');
  });

  it('go on after a stretch in which nobody looked', () => {
    const paths = { walker: walk(100, 200, 25), standing: walk(400, 300, 0) };
    expect(draw({ fps: 10, seconds: 4, paths, isBlind: (t) => t >= 1.5 && t < 2.5 })).toBe(
      lines(
        'walker   --1111111111111??????????111111111111111',
        'standing --2222222222222??????????222222222222222',
      ),
    );
  });
});

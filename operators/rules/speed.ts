import { createHomography } from '../../models/domain/homography';
import type { Point } from '../../models/domain/polygon';
import type { Speed, Track } from '../../models/domain/track';
import { anchorOf } from './place';
import { keyOf } from './rule';
import type { Sighting } from './rule';

export interface SpeedOptions {
  /** Event time over which a speed is measured, milliseconds. */
  readonly windowMs: number;
  /** Four places in fractions of the picture, and the same on the ground in metres; absent: heights of the picture a second. */
  readonly ground?: { readonly points: readonly Point[]; readonly metres: readonly Point[] } | undefined;
}

export interface SpeedMeter {
  /** The speeds of those seen, where they are known. */
  observe(sightings: readonly Sighting[]): ReadonlyMap<Track, Speed>;
  end(tracks: readonly Track[]): void;
}

interface Sample {
  readonly atMs: number;
  readonly place: Point;
}

/** Samples of one track, at most. */
const MOST_SAMPLES = 32;
const LEAST_SAMPLES = 3;

/** How fast objects are: the slope of a straight line through their places of the last `windowMs`, by least squares. */
export function createSpeedMeter({ windowMs, ground }: SpeedOptions): SpeedMeter {
  const toGround = ground && createHomography(ground.points, ground.metres);
  if (ground !== undefined && toGround === undefined)
    throw new RangeError('createSpeedMeter: expected four places of which no three lie on one line');
  const unit = toGround === undefined ? 'heights/s' : 'm/s';
  const samplesOf = new Map<string, Sample[]>();

  function placeOf({ box, frame: { source } }: Sighting): Point | undefined {
    const [x, y] = anchorOf(box, 'bottom');
    if (toGround === undefined) return [x / source.height, y / source.height];
    return toGround([x / source.width, y / source.height]);
  }

  function see(sighting: Sighting): Speed | undefined {
    const { key } = sighting;
    const { atMs } = sighting;
    const place = placeOf(sighting);
    let samples = samplesOf.get(key) ?? [];
    samples = samples.filter((sample) => sample.atMs <= atMs && atMs - sample.atMs <= windowMs);
    const latest = samples.at(-1);
    if (place !== undefined && (latest === undefined || atMs - latest.atMs >= windowMs / MOST_SAMPLES))
      samples.push({ atMs, place });
    samplesOf.set(key, samples);
    if (samples.length < LEAST_SAMPLES || samples.at(-1)!.atMs - samples[0]!.atMs < windowMs / 2)
      return undefined;
    return { value: slopeOf(samples), unit };
  }

  return {
    observe(sightings) {
      const speeds = new Map<Track, Speed>();
      for (const sighting of sightings) {
        const speed = see(sighting);
        if (speed !== undefined) speeds.set(sighting.track, speed);
      }
      return speeds;
    },
    end(tracks) {
      for (const track of tracks) samplesOf.delete(keyOf(track));
    },
  };
}

/** Way a second of samples by least squares. */
function slopeOf(samples: readonly Sample[]): number {
  const mean = (of: (sample: Sample) => number) =>
    samples.reduce((sum, sample) => sum + of(sample), 0) / samples.length;
  const meanAt = mean(({ atMs }) => atMs);
  const spread = mean(({ atMs }) => (atMs - meanAt) ** 2);
  const along = (axis: 0 | 1) => mean(({ atMs, place }) => (atMs - meanAt) * place[axis]) / spread;
  return Math.hypot(along(0), along(1)) * 1000;
}

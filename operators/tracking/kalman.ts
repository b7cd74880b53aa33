/**
 * A constant-velocity Kalman filter on a box's centre and size, in pixels and seconds.
 *
 * The four coordinates (centre x, centre y, width, height) are independent, so each is a filter of two values (position,
 * velocity) whose covariance has three: exact, and twenty numbers instead of the 8x8 matrices of SORT. Process noise is
 * white acceleration, which makes the result depend on time passed and not on the number of frames; all noise is
 * proportional to the box's size, since a near object moves and jitters by more pixels than a far one.
 *
 * After Bar-Shalom, Li, Kirubarajan: Estimation with Applications to Tracking and Navigation, 6.2.2.
 */
export type BoxFilter = Float64Array;

/** Index of a coordinate's position; velocity and the covariance (pp, pv, vv) follow it. */
export const CENTRE_X = 0;
export const CENTRE_Y = 5;
export const WIDTH = 10;
export const HEIGHT = 15;

const VALUES = 20;
const VELOCITY = 1;
const PP = 2;
const PV = 3;
const VV = 4;

/** Standard deviations as parts of the box's size (the root of its area). */
const MEASURED_CENTRE = 0.08;
const MEASURED_SIZE = 0.12;
/** Before the second detection nothing is known of the speed: sizes a second. */
const FIRST_SPEED = 2;
const FIRST_GROWTH = 0.5;
/** Change of speed after one second: sizes a second. */
const ACCELERATION = 1;
const GROWTH_ACCELERATION = 0.5;

/** A filter at rest at the given box. */
export function createBoxFilter(centreX: number, centreY: number, width: number, height: number): BoxFilter {
  const filter = new Float64Array(VALUES);
  const size = Math.sqrt(width * height);
  begin(filter, CENTRE_X, centreX, MEASURED_CENTRE * size, FIRST_SPEED * size);
  begin(filter, CENTRE_Y, centreY, MEASURED_CENTRE * size, FIRST_SPEED * size);
  begin(filter, WIDTH, width, MEASURED_SIZE * size, FIRST_GROWTH * size);
  begin(filter, HEIGHT, height, MEASURED_SIZE * size, FIRST_GROWTH * size);
  return filter;
}

/** Moves the filter on by `seconds` (0 or more); `size` scales the noise, pixels. */
export function predictBoxFilter(filter: BoxFilter, seconds: number, size: number): void {
  predict(filter, CENTRE_X, seconds, ACCELERATION * size);
  predict(filter, CENTRE_Y, seconds, ACCELERATION * size);
  predict(filter, WIDTH, seconds, GROWTH_ACCELERATION * size);
  predict(filter, HEIGHT, seconds, GROWTH_ACCELERATION * size);
}

/** Corrects the filter by a measured box. */
export function correctBoxFilter(
  filter: BoxFilter,
  centreX: number,
  centreY: number,
  width: number,
  height: number,
): void {
  const size = Math.sqrt(width * height);
  correct(filter, CENTRE_X, centreX, MEASURED_CENTRE * size);
  correct(filter, CENTRE_Y, centreY, MEASURED_CENTRE * size);
  correct(filter, WIDTH, width, MEASURED_SIZE * size);
  correct(filter, HEIGHT, height, MEASURED_SIZE * size);
}

/** Moves the filter's place, as if the picture had been moved by so many pixels. */
export function moveBoxFilter(filter: BoxFilter, x: number, y: number): void {
  filter[CENTRE_X] = filter[CENTRE_X]! + x;
  filter[CENTRE_Y] = filter[CENTRE_Y]! + y;
}

/** Variance of a coordinate's next measurement about its predicted position, square pixels; `size` as in predict. */
export function measuredVariance(filter: BoxFilter, coordinate: number, size: number): number {
  const noise = (coordinate < WIDTH ? MEASURED_CENTRE : MEASURED_SIZE) * size;
  return filter[coordinate + PP]! + noise * noise;
}

/** Velocity of a coordinate, pixels a second. */
export function velocityOf(filter: BoxFilter, coordinate: number): number {
  return filter[coordinate + VELOCITY]!;
}

function begin(
  filter: BoxFilter,
  at: number,
  position: number,
  deviation: number,
  speedDeviation: number,
): void {
  filter[at] = position;
  filter[at + VELOCITY] = 0;
  filter[at + PP] = deviation * deviation;
  filter[at + PV] = 0;
  filter[at + VV] = speedDeviation * speedDeviation;
}

function predict(filter: BoxFilter, at: number, seconds: number, acceleration: number): void {
  const density = acceleration * acceleration * seconds;
  const vv = filter[at + VV]!;
  const pv = filter[at + PV]!;
  filter[at] = filter[at]! + filter[at + VELOCITY]! * seconds;
  filter[at + PP] = filter[at + PP]! + seconds * (2 * pv + seconds * (vv + density / 3));
  filter[at + PV] = pv + seconds * (vv + density / 2);
  filter[at + VV] = vv + density;
}

function correct(filter: BoxFilter, at: number, measured: number, deviation: number): void {
  const pp = filter[at + PP]!;
  const pv = filter[at + PV]!;
  const total = pp + deviation * deviation;
  const gain = pp / total;
  const speedGain = pv / total;
  const residual = measured - filter[at]!;
  filter[at] = filter[at]! + gain * residual;
  filter[at + VELOCITY] = filter[at + VELOCITY]! + speedGain * residual;
  filter[at + PP] = (1 - gain) * pp;
  filter[at + PV] = (1 - gain) * pv;
  filter[at + VV] = filter[at + VV]! - speedGain * pv;
}

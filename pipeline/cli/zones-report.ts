import type { Size } from '../../models/domain/geometry';
import type { Polygon } from '../../models/domain/polygon';
import type { DrawnLine, DrawnPlace, DrawnRules, DrawnZone } from '../../operators/support/rules-overlay';
import { isWithin } from '../../operators/support/shape-painter';

const LEAST_AREA = 0.001;
const MOST_AREA = 0.95;
const LEAST_LENGTH = 0.05;

/** A line for each zone and line, with what is doubtful about it, and one for the ground. */
export function reportOfRules(
  { zones, lines, ground }: DrawnRules,
  masks: readonly Polygon[],
  size: Size,
): readonly string[] {
  if (zones.length + lines.length + ground.length === 0)
    return ['  no zones, no lines and no ground are configured'];
  const width = Math.max(...[...zones, ...lines].map(({ name }) => name.length));
  const row = (kind: string, name: string, words: string, doubts: readonly string[]) => [
    `  ${kind}  ${name.padEnd(width)}  ${words}`,
    ...doubts.map((doubt) => `  warning: ${kind.trim()} ${name}: ${doubt}`),
  ];
  return [
    ...zones.flatMap((zone) =>
      row('zone', zone.name, `${percent(areaOf(zone))} of the picture`, doubtsOfZone(zone, masks, size)),
    ),
    ...lines.flatMap((line) =>
      row('line', line.name, `${percent(lengthOf(line, size))} of its width long`, doubtsOfLine(line, size)),
    ),
    ...(ground.length === 0 ? [] : [`  ground  ${extentOf(ground, 0)} m by ${extentOf(ground, 1)} m`]),
  ];
}

function doubtsOfZone(zone: DrawnZone, masks: readonly Polygon[], size: Size): readonly string[] {
  const area = areaOf(zone);
  return [
    ...(area < LEAST_AREA
      ? [`expected at least ${percent(LEAST_AREA)} of the picture: hardly anything can be in it`]
      : []),
    ...(area > MOST_AREA
      ? [`expected at most ${percent(MOST_AREA)} of the picture: nothing can enter or leave it`]
      : []),
    ...(isWithin(zone.points, masks, size)
      ? ['it is wholly under privacy masks: nothing is seen there']
      : []),
  ];
}

function doubtsOfLine(line: DrawnLine, size: Size): readonly string[] {
  if (lengthOf(line, size) >= LEAST_LENGTH) return [];
  return [`expected at least ${percent(LEAST_LENGTH)} of the picture's width: most will pass beside it`];
}

/** Part of the picture. */
function areaOf({ points }: DrawnZone): number {
  const twice = points.reduce((sum, [x, y], index) => {
    const [nextX, nextY] = points[(index + 1) % points.length]!;
    return sum + x * nextY - nextX * y;
  }, 0);
  return Math.abs(twice) / 2;
}

/** In widths of the picture. */
function lengthOf({ points: [from, to] }: DrawnLine, { width, height }: Size): number {
  return Math.hypot(to[0] - from[0], ((to[1] - from[1]) * height) / width);
}

/** In metres, along one of the two directions they were measured in. */
function extentOf(ground: readonly DrawnPlace[], axis: 0 | 1): number {
  const values = ground.map(({ metres }) => metres[axis]);
  return Number((Math.max(...values) - Math.min(...values)).toFixed(2));
}

function percent(part: number): string {
  return `${Number((part * 100).toFixed(part < 0.01 ? 3 : 1))} %`;
}

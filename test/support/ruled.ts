import type { Box } from '../../models/domain/geometry';
import type { EarlierPlace, RuleFinding, Track, TrackedFrame } from '../../models/domain/track';
import { sightingsOf } from '../../operators/rules/rule';
import type { Rule } from '../../operators/rules/rule';
import { infoOf, tracked } from './views';

/** The picture in which tracks of these tests move: fractions times 1000 are pixels. */
export const SOURCE = { width: 1000, height: 1000 };

/** Where the bottom centre of a box of 40 x 80 pixels is, in pixels; undefined: not seen. */
export type Step = readonly [x: number, y: number] | undefined;

export const boxAt = ([x, y]: readonly [number, number]): Box => [x - 20, y - 80, x + 20, y];

/** One person's way, a step a frame. */
export function frameAt(atMs: number, step: Step, more: Partial<Track> = {}, isNew = false): TrackedFrame {
  const frame = tracked(infoOf(SOURCE, atMs), boxAt(step ?? [0, 0]), step !== undefined);
  const track = { ...frame.tracks[0]!, ...more };
  return { ...frame, tracks: [track], started: isNew ? [track] : [] };
}

/** Findings of a rule in words, each with its time: `900 line.crossed in`. */
export function run(
  rule: Rule,
  steps: readonly Step[],
  { fps = 10, earlier = [] as EarlierPlace[] } = {},
): string[] {
  const told: string[] = [];
  let last: Track | undefined;
  for (const [index, step] of steps.entries()) {
    const isNew = index === 0;
    const frame = frameAt((index * 1000) / fps, step, isNew && earlier.length > 0 ? { earlier } : {}, isNew);
    last = frame.tracks[0];
    told.push(...rule.observe(sightingsOf(frame)).map(inWords));
  }
  if (last !== undefined) told.push(...rule.end([last]).map(inWords));
  return told;
}

function inWords(finding: RuleFinding): string {
  const detail =
    'direction' in finding ? ` ${finding.direction}` : 'dwellMs' in finding ? ` ${finding.dwellMs}` : '';
  const still = 'stillMs' in finding ? ` ${finding.stillMs}` : '';
  return `${finding.frame.atMs} ${finding.type}${detail}${still}`;
}

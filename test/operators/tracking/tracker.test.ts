import type { Detection } from '../../../models/domain/detection';
import type { TrackerOptions } from '../../../operators/tracking/options';
import { createTracker } from '../../../operators/tracking/tracker';
import type { Tracker, TrackUpdate } from '../../../operators/tracking/tracker';
import { detectionAt, frameInfo } from '../../support/frames';
import type { FrameChoices } from '../../support/frames';

/** Feeds frames at 10 a second, counting them; undefined is a frame nobody looked at. */
function player(options: TrackerOptions = {}) {
  const tracker: Tracker = createTracker(options);
  let seq = 0;
  const play = (detections: readonly Detection[] | undefined, choices: FrameChoices = {}): TrackUpdate => {
    const frame = frameInfo({ seq, ...choices });
    seq++;
    return detections === undefined ? tracker.skip(frame) : tracker.update(frame, detections);
  };
  const repeat = (times: number, at: (i: number) => readonly Detection[] | undefined): TrackUpdate[] =>
    Array.from({ length: times }, (_, i) => play(at(i)));
  return { tracker, play, repeat };
}

const numbers = ({ tracks }: TrackUpdate) => tracks.map(({ number }) => number);
const still = () => [detectionAt(100, 200)];

describe('a track', () => {
  it('is reported from its third detection on, also at the very start of the stream', () => {
    const updates = player().repeat(4, still);
    expect(updates.map(({ tracks }) => tracks.length)).toEqual([0, 0, 1, 1]);
    expect(updates.map(({ started }) => started.length)).toEqual([0, 0, 1, 0]);
    expect(updates[2]!.started[0]).toBe(updates[2]!.tracks[0]);
    expect(updates[2]!.tracks[0]).toMatchObject({
      number: 1,
      firstSeenPtsMs: 0,
      lastSeenPtsMs: 200,
      hits: 3,
    });
  });

  it('is not made of detections too far apart in time', () => {
    const every = (nth: number) => (i: number) => (i % nth === 0 ? still() : []);
    expect(numbers(player({ confirmWithinMs: 900 }).repeat(19, every(5)).at(-1)!)).toEqual([]);
    expect(numbers(player({ confirmWithinMs: 1000 }).repeat(11, every(5)).at(-1)!)).toEqual([1]);
  });

  it('begins anew with the detection that came too late', () => {
    const { repeat } = player({ confirmWithinMs: 600 });
    repeat(10, (i) => (i === 0 || i === 8 || i === 9 ? still() : []));
    expect(repeat(1, still)[0]!.started[0]).toMatchObject({ firstSeenPtsMs: 800, hits: 3 });
  });

  it('is confirmed on a slow stream too', () => {
    const { play } = player();
    const updates = [0, 1, 2].map((i) => play(still(), { ptsMs: i * 2000 }));
    expect(updates[2]!.started).toHaveLength(1);
  });

  it("reports the detection's own box and score, and the filter's velocity", () => {
    const last = player()
      .repeat(20, (i) => [detectionAt(100 + 5 * i, 200, { score: 0.5 + i / 100 })])
      .at(-1)!.tracks[0]!;
    expect(last.box).toEqual(detectionAt(195, 200).box);
    expect([last.score, last.maxScore]).toEqual([0.69, 0.69]);
    expect(last.velocity[0]).toBeCloseTo(50, 0);
    expect(last.velocity[1]).toBeCloseTo(0, 5);
  });

  it('does not begin from low scores but lives on by them', () => {
    const weak = (i: number) => [detectionAt(100, 200, { score: i < 3 ? 0.6 : 0.25 })];
    expect(
      player()
        .repeat(9, () => weak(9))
        .at(-1)!.tracks,
    ).toEqual([]);
    expect(player().repeat(9, weak).at(-1)!.tracks[0]).toMatchObject({
      isVisible: true,
      hits: 9,
      score: 0.25,
      maxScore: 0.6,
    });
  });

  it('ends as lost once it was unseen for forgetAfterMs, and its number is not used again', () => {
    const { repeat } = player({ forgetAfterMs: 1000 });
    repeat(3, still);
    const gone = repeat(10, () => []);
    expect(gone.map(({ ended }) => ended.length)).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
    expect(gone[9]!.ended[0]).toMatchObject({
      reason: 'lost',
      track: { number: 1, isVisible: false, lastSeenPtsMs: 200 },
    });
    expect(gone[8]!.tracks[0]).toMatchObject({ number: 1, isVisible: false });
    expect(numbers(repeat(3, still).at(-1)!)).toEqual([2]);
  });

  it('keeps the class most detections voted for', () => {
    const { repeat } = player();
    const label = (i: number) => (i === 5 || i === 6 ? 'truck' : 'car');
    const updates = repeat(10, (i) => [
      detectionAt(100 + 3 * i, 200, { label: label(i), width: 90, height: 60 }),
    ]);
    expect(
      updates.slice(2).map((update) => update.tracks.map(({ number, label }) => `${number} ${label}`)),
    ).toEqual(Array.from({ length: 8 }, () => ['1 car']));
  });
});

describe('tracks that meet', () => {
  it('keep their numbers when two people cross', () => {
    const at = (i: number) => [detectionAt(100 + 8 * i, 200), detectionAt(420 - 8 * i, 230)];
    // While they overlap the detector sees only the one in front.
    const seen = (i: number) => (Math.abs(320 - 16 * i) < 24 ? at(i).slice(1) : at(i));
    const updates = player().repeat(40, seen);
    const first = updates[5]!.tracks;
    const last = updates.at(-1)!.tracks;
    expect(last).toHaveLength(2);
    for (const { number, velocity } of first) {
      const later = last.find((track) => track.number === number)!;
      expect(Math.sign(later.velocity[0])).toBe(Math.sign(velocity[0]));
    }
    expect(updates.flatMap(({ started }) => started)).toHaveLength(2);
  });

  it('go on behind an obstacle for as long as they are remembered', () => {
    const updates = player().repeat(40, (i) => (i >= 15 && i < 25 ? [] : [detectionAt(100 + 6 * i, 200)]));
    expect(updates.flatMap(({ started }) => started)).toHaveLength(1);
    expect(updates.at(-1)!.tracks[0]).toMatchObject({ number: 1, isVisible: true, hits: 30 });
  });

  it('are found again by their last place when they stopped while hidden', () => {
    const updates = player().repeat(40, (i) =>
      i >= 15 && i < 24 ? [] : [detectionAt(100 + 10 * Math.min(i, 15), 200)],
    );
    expect(numbers(updates.at(-1)!)).toEqual([1]);
  });
});

describe('time', () => {
  it('goes on in frames nobody looked at, without ending, missing or moving a track', () => {
    const { repeat } = player();
    const before = repeat(5, still).at(-1)!;
    const blind = repeat(600, () => undefined);
    for (const update of blind) expect(update).toEqual({ tracks: before.tracks, started: [], ended: [] });
    expect(numbers(repeat(1, still)[0]!)).toEqual([1]);
  });

  it('in which nobody looked counts towards the end up to a cap', () => {
    const { repeat } = player({ forgetAfterMs: 1500, unobservedCapMs: 1000 });
    repeat(5, still);
    repeat(100, () => undefined);
    const missed = repeat(5, () => []);
    // The first look vouches for three intervals (300 ms); with the cap of 1000 ms two more reach 1500 ms.
    expect(missed.map(({ ended }) => ended.length)).toEqual([0, 0, 1, 0, 0]);
  });

  it('lets a mover be found after a blind stretch where it must be by now', () => {
    const updates = player().repeat(30, (i) =>
      i >= 15 && i < 22 ? undefined : [detectionAt(100 + 7 * i, 200)],
    );
    expect(updates.flatMap(({ started }) => started)).toHaveLength(1);
    expect(numbers(updates.at(-1)!)).toEqual([1]);
  });

  it('that jumps ahead in a gap of the stream ends no track that is still there', () => {
    const { play, repeat } = player();
    repeat(5, still);
    expect(numbers(play(still(), { ptsMs: 2300 }))).toEqual([1]);
  });

  it('is rebased for a resumed segment, tracks going on', () => {
    const { tracker, repeat } = player();
    repeat(10, still);
    const resumed = frameInfo({ epoch: 1, isResumed: true, ptsMs: 5, atMs: 1400 });
    tracker.rebase(resumed);
    const { tracks, ended } = tracker.update(resumed, still());
    expect(ended).toEqual([]);
    // 900 ms were the last frame's, the gap is 500 ms: the first detection lies 1400 ms before this one.
    expect(tracks[0]).toMatchObject({
      number: 1,
      epoch: 0,
      firstSeenPtsMs: -1395,
      lastSeenPtsMs: 5,
      hits: 11,
    });
  });

  it('counts no absence for the distance between the clocks of two segments', () => {
    for (const ptsMs of [-500_000, 500_000]) {
      const { tracker, repeat } = player({ forgetAfterMs: 1500 });
      repeat(10, still);
      const resumed = (i: number) =>
        frameInfo({ epoch: 1, isResumed: true, ptsMs: ptsMs + i * 100, atMs: 1000 + i * 100 });
      tracker.rebase(resumed(0));
      const endedAt = Array.from({ length: 20 }, (_, i) =>
        tracker.update(resumed(i), []).ended.map(() => i),
      ).flat();
      expect(endedAt).toEqual([14]);
    }
  });

  it('may be rebased backwards, by at least one frame and at most ten seconds', () => {
    for (const [atMs, gapMs] of [
      [-5000, 100],
      [3_600_000, 10_000],
    ] as const) {
      const { tracker, repeat } = player();
      repeat(10, still);
      const resumed = frameInfo({ epoch: 1, isResumed: true, ptsMs: 0, atMs });
      tracker.rebase(resumed);
      expect(tracker.update(resumed, still()).tracks[0]).toMatchObject({
        number: 1,
        firstSeenPtsMs: -900 - gapMs,
      });
    }
  });
});

describe('the tracker', () => {
  it('ends all open tracks once, and only reported ones', () => {
    const { tracker, repeat } = player();
    repeat(3, still);
    repeat(1, () => [...still(), detectionAt(400, 200)]);
    expect(tracker.endAll('stopped').map(({ track, reason }) => [track.number, reason])).toEqual([
      [1, 'stopped'],
    ]);
    expect(tracker.endAll('stopped')).toEqual([]);
    expect(numbers(repeat(3, still).at(-1)!)).toEqual([2]);
  });

  it('holds at most maxTracks tracks, tentative ones included', () => {
    const { repeat } = player({ maxTracks: 5 });
    const many = Array.from({ length: 20 }, (_, i) => detectionAt(60 * i, 200));
    for (const { tracks } of repeat(20, () => many)) expect(tracks.length).toBeLessThanOrEqual(5);
  });

  it('survives boxes and scores that are none', () => {
    const broken: Detection[] = [
      { label: 'person', score: 0.9, box: [NaN, 0, 1, 1] },
      { label: 'person', score: NaN, box: [0, 0, 10, 10] },
      { label: 'person', score: 0.9, box: [10, 10, 10, 10] },
      { label: 'person', score: 0.9, box: [0, 0, -Infinity, Infinity] },
    ];
    const last = player()
      .repeat(5, () => [...broken, ...still()])
      .at(-1)!;
    expect(numbers(last)).toEqual([1]);
    expect(last.tracks[0]!.velocity.every((v) => Number.isFinite(v))).toBe(true);
  });
});

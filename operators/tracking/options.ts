/** How the tracker decides; every option has a default that suits fixed cameras at 2 to 60 frames a second. */
export interface TrackerOptions {
  /**
   * Score from which a detection may begin a track and is matched first. Higher: fewer false tracks, later starts.
   * Default 0.6.
   */
  readonly highScore?: number;
  /**
   * Detections below are ignored. Those between `lowScore` and `highScore` only keep tracks alive that already exist (an
   * object half hidden). Lower: fewer gaps, more drift on to clutter. Default 0.1.
   */
  readonly lowScore?: number;
  /** Detections an object needs before it is reported at all. Higher: fewer false tracks, later starts. Default 3. */
  readonly confirmHits?: number;
  /** Score from which a single detection is enough. Higher: fewer false tracks, later starts. Default 0.9. */
  readonly sureScore?: number;
  /**
   * Observed stream time from the first detection within which these must come (or twice `confirmHits` frames, where that is
   * longer); after it the object begins anew. Higher: flickering objects are found, and flickering clutter. Default 500.
   */
  readonly confirmWithinMs?: number;
  /**
   * Stream time for which an object may go unseen and still be the same track. Higher: survives longer occlusions, ends
   * later and may be continued by another object. Default 1500.
   */
  readonly forgetAfterMs?: number;
  /**
   * Of the time in which nobody looked, how much counts towards `forgetAfterMs`, in all, per stretch unseen. 0: a blind
   * camera costs no track; `forgetAfterMs`: after a long blind stretch a track has to be seen again at once. Default two
   * thirds of `forgetAfterMs`.
   */
  readonly unobservedCapMs?: number;
  /** Time for which the motion of an unseen object is extrapolated; after that it is expected to stay. Default 1000. */
  readonly coastMs?: number;
  /**
   * How strongly a detection of another class is kept from continuing a track, in units of overlap (0 to 1). 0: classes are
   * votes only; 1: no change of class without perfect overlap. Default 0.25.
   */
  readonly classPenalty?: number;
  /**
   * How strongly a detection that looks otherwise is kept from continuing a track, in units of overlap (0 to 1), where the
   * detector gives features. Default 0.25.
   */
  readonly appearancePenalty?: number;
  /**
   * Overlap from which two detections of different classes are taken for one object, the better score standing (detectors
   * remove duplicates within a class only). Default 0.8.
   */
  readonly duplicateIou?: number;
  /** Live tracks at most, tentative ones included; beyond it nothing new begins until one ends. Default 256. */
  readonly maxTracks?: number;
  /** Detections used of one frame, best scores first. Default 100. */
  readonly maxDetections?: number;
}

/** The options with every default filled in. */
export type ResolvedTrackerOptions = Required<TrackerOptions>;

const PARTS = [
  'highScore',
  'lowScore',
  'sureScore',
  'classPenalty',
  'appearancePenalty',
  'duplicateIou',
] as const;

/** Fills in the defaults. Throws a RangeError that names the option, what was expected and what was given. */
export function resolveTrackerOptions(options: TrackerOptions = {}): ResolvedTrackerOptions {
  const forgetAfterMs = options.forgetAfterMs ?? 1500;
  const resolved: ResolvedTrackerOptions = {
    highScore: options.highScore ?? 0.6,
    // A caller that lowers only the upper threshold means both.
    lowScore: options.lowScore ?? Math.min(0.1, options.highScore ?? 0.1),
    confirmHits: options.confirmHits ?? 3,
    sureScore: options.sureScore ?? 0.9,
    confirmWithinMs: options.confirmWithinMs ?? 500,
    forgetAfterMs,
    unobservedCapMs: options.unobservedCapMs ?? (forgetAfterMs * 2) / 3,
    coastMs: options.coastMs ?? 1000,
    classPenalty: options.classPenalty ?? 0.25,
    appearancePenalty: options.appearancePenalty ?? 0.25,
    duplicateIou: options.duplicateIou ?? 0.8,
    maxTracks: options.maxTracks ?? 256,
    maxDetections: options.maxDetections ?? 100,
  };
  for (const name of PARTS) {
    const value = resolved[name];
    expect(value >= 0 && value <= 1, name, 'a number from 0 to 1', value);
  }
  for (const name of ['confirmWithinMs', 'forgetAfterMs', 'unobservedCapMs', 'coastMs'] as const) {
    const value = resolved[name];
    expect(value >= 0 && Number.isFinite(value), name, 'milliseconds, 0 or more', value);
  }
  for (const [name, max] of [
    ['confirmHits', 1000],
    ['maxTracks', 4096],
    ['maxDetections', 1000],
  ] as const) {
    const value = resolved[name];
    expect(
      Number.isInteger(value) && value >= 1 && value <= max,
      name,
      `a whole number from 1 to ${max}`,
      value,
    );
  }
  const { lowScore, highScore } = resolved;
  expect(lowScore <= highScore, 'lowScore', `at most highScore (${highScore})`, lowScore);
  return resolved;
}

function expect(isTrue: boolean, name: string, expected: string, value: number): void {
  if (!isTrue) throw new RangeError(`tracker ${name}: expected ${expected}, got ${value}`);
}

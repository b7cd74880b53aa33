import type { Measured } from './compare';

/** A row of `sightline benchmark-model`; times are wall time of one frame within the inference process. */
export type BenchmarkRow = RowName &
  (
    | {
        /** Over all batches: the middle one, and those that a tenth of them are below and above. */
        readonly msPerFrame: {
          readonly median: number;
          readonly p10: number;
          readonly p90: number;
        };
        /** Medians likewise, of what the time is made of. */
        readonly graphMs: number;
        readonly postprocessMs: number;
        /** Of one process, with what it takes to hand over frames and detections. */
        readonly framesPerSecond: number;
        readonly memoryBytes: number | null;
        /** `msPerFrame` against the first row's that was measured, round by round: below 1 is faster. */
        readonly ratio: number;
        readonly batches: number;
      }
    | { readonly unavailable: string }
  );

interface RowName {
  readonly model: string;
  readonly input: string;
  readonly provider: string;
  readonly batch: number;
  readonly threads: number;
}

/** Rows in the order of the candidates. */
export function benchmarkRows(measured: readonly Measured[]): readonly BenchmarkRow[] {
  const first = measured.find((one) => 'stretches' in one);
  return measured.map((one): BenchmarkRow => {
    const { manifest, provider, batch, threads } = one.candidate;
    const { width, height } = manifest.input;
    const name = { model: manifest.name, input: `${width}x${height}`, provider, batch, threads };
    if ('unavailable' in one) return { ...name, unavailable: one.unavailable.message };
    const { stretches } = one;
    const times = stretches.flatMap(({ frameMs }) => frameMs);
    const graphTimes = stretches.flatMap(({ graphMs }) => graphMs);
    const sum = (of: (stretch: (typeof stretches)[number]) => number) =>
      stretches.reduce((total, stretch) => total + of(stretch), 0);
    return {
      ...name,
      msPerFrame: { median: quantile(times, 0.5), p10: quantile(times, 0.1), p90: quantile(times, 0.9) },
      graphMs: quantile(graphTimes, 0.5),
      postprocessMs: quantile(
        times.map((time, index) => time - graphTimes[index]!),
        0.5,
      ),
      framesPerSecond: (sum(({ frames }) => frames) * 1000) / sum(({ elapsedMs }) => elapsedMs),
      memoryBytes: one.memoryBytes ?? null,
      ratio: ratioOf(one, first as typeof one),
      batches: times.length,
    };
  });
}

/** The middle of the rounds' ratios: what slowed down one round slowed down both. */
function ratioOf(one: Extract<Measured, { stretches: unknown }>, first: typeof one): number {
  const medianOf = ({ frameMs }: (typeof one.stretches)[number]) => quantile(frameMs, 0.5);
  return quantile(
    one.stretches.map((stretch, round) => medianOf(stretch) / medianOf(first.stretches[round]!)),
    0.5,
  );
}

/** Between the two values nearest to it, in proportion. */
export function quantile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const place = (sorted.length - 1) * part;
  const below = Math.floor(place);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below]! + (sorted[above]! - sorted[below]!) * (place - below);
}

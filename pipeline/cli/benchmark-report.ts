import type { BenchmarkRow } from '../benchmark/rows';
import { printableLines } from './printable';
import { textTable } from './text-table';

/** What `sightline benchmark-model` prints. */
export interface BenchmarkReport {
  readonly v: 1;
  readonly host: {
    readonly cpu: string;
    /** Those that this process may keep busy. */
    readonly cores: number;
    readonly system: string;
    /** Name and version of what runs the models; null when nothing could be run. */
    readonly runtime: string | null;
  };
  readonly frames: { readonly of: string; readonly count: number };
  /** Measuring time of each row, in so many rounds. */
  readonly seconds: number;
  readonly rounds: number;
  readonly rows: readonly BenchmarkRow[];
}

const HEADING = ['model', 'input', 'provider', 'threads', 'batch'];
const NUMBERS = ['ms/frame', '10-90 %', 'graph', 'post', 'frames/s', 'MiB', 'ratio'];

/** A report for people: the machine, a row each, then why rows are missing. */
export function describeBenchmark({ host, frames, seconds, rounds, rows }: BenchmarkReport): string {
  const missing = rows.flatMap((row) =>
    'unavailable' in row ? [`${row.model} on ${row.provider}: ${row.unavailable}`] : [],
  );
  const lines = [
    `${host.cpu}, ${host.cores} usable cores, ${host.system}, ${host.runtime ?? 'no runtime'}`,
    `${frames.count} ${frames.count === 1 ? 'frame' : 'frames'} of ${frames.of}, ${seconds} s a row in ${rounds} rounds, one process at a time`,
    '',
    textTable([[...HEADING, ...NUMBERS], ...rows.map(cellsOf)]),
    '',
    'graph and post: their milliseconds of a frame; ratio: ms/frame to that of the first row that ran, round by round',
    ...(missing.length > 0 ? ['', ...new Set(missing)] : []),
  ];
  return lines.map(printableLines).join('\n');
}

function cellsOf(row: BenchmarkRow): readonly string[] {
  const name = [row.model, row.input, row.provider, String(row.threads), String(row.batch)];
  if ('unavailable' in row) return [...name, ...NUMBERS.map(() => '-')];
  const { median, p10, p90 } = row.msPerFrame;
  return [
    ...name,
    median.toFixed(2),
    `${p10.toFixed(2)}-${p90.toFixed(2)}`,
    row.graphMs.toFixed(2),
    row.postprocessMs.toFixed(2),
    row.framesPerSecond.toFixed(1),
    row.memoryBytes === null ? '-' : (row.memoryBytes / 2 ** 20).toFixed(0),
    row.ratio.toFixed(2),
  ];
}

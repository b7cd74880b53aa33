import { cpus } from 'node:os';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { isImagePath } from '../../models/domain/input-kind';
import { redactUrl } from '../../models/domain/redact';
import { listModels } from '../../models/efficientvit/manifest';
import type { Manifest } from '../../models/efficientvit/manifest';
import { EXPECTED_PROVIDER, parseProvider } from '../../models/efficientvit/providers';
import { packageRoot } from '../../models/support/package-root';
import { probeFfmpeg } from '../../operators/support/ffmpeg-version';
import { usableCores } from '../../workers/local/usable-cores';
import { compare } from '../benchmark/compare';
import type { Candidate } from '../benchmark/model-process';
import { benchmarkRows } from '../benchmark/rows';
import { sampleFrames } from '../benchmark/sample-frames';
import type { SampleFrame } from '../benchmark/sample-frames';
import { checkReadableFile } from '../inputs';
import type { Input } from '../inputs';
import { describeBenchmark } from './benchmark-report';
import type { BenchmarkReport } from './benchmark-report';
import { createCountingBar } from './counting-bar';
import { hideTyped } from './hide-typed';
import { loadModel } from './load-model';
import { catchStopSignals } from './signals';
import { EXIT, UsageError, listFlag, numberFlag } from './usage';

interface BenchmarkFlags {
  readonly model?: string;
  readonly providers?: string;
  readonly batch?: string;
  readonly threads?: string;
  readonly seconds?: string;
  readonly input?: string;
  readonly json?: boolean;
}

/** With the bundled models eight rows, and half a minute with what it takes to start them. */
const DEFAULTS = { providers: 'cpu', batch: '1,2,4,8', threads: '1', seconds: 3 };
const CLIP = 'config/examples/clips/plaza.mp4';
const ROUNDS = 5;
const FRAMES = 16;
/** Each is a process with a loaded model, and all of them live at once. */
const MOST_ROWS = 32;

/** `sightline benchmark-model`: milliseconds a frame by model, provider, batch and threads, on real frames. */
export function addBenchmarkModelCommand(program: Command): void {
  program
    .command('benchmark-model')
    .description('measure how long a detector takes for a frame, by model, provider, batch and threads')
    .option('-m, --model <list>', 'bundled models or paths of manifests (default: all bundled ones)')
    .option('--providers <list>', `what to run them on, each by itself (default ${DEFAULTS.providers})`)
    .option('--batch <list>', `frames given to the model at once (default ${DEFAULTS.batch})`)
    .option('--threads <list>', `threads within a run, 0: all cores (default ${DEFAULTS.threads})`)
    .option('--seconds <s>', `measuring time of each row (default ${DEFAULTS.seconds})`)
    .option('--input <file>', 'a video or picture to take frames from (default: the bundled clip)')
    .option('--json', 'print one JSON object')
    .action(async (flags: BenchmarkFlags) => {
      process.exitCode = await benchmarkModel(flags);
    });
}

async function benchmarkModel(flags: BenchmarkFlags): Promise<number> {
  const seconds = numberFlag('--seconds', flags.seconds, { min: 0.1, max: 3600 }) ?? DEFAULTS.seconds;
  const input = inputOf(flags.input);
  const candidates = await candidatesOf(flags);
  await checkReadableFile(input);
  await probeFfmpeg();
  const frames = new Map<string, readonly SampleFrame[]>();
  for (const { manifest } of candidates) {
    const size = sizeOf(manifest);
    if (!frames.has(size)) frames.set(size, await sampleFrames(input, manifest.input, FRAMES));
  }
  const bar = createCountingBar(process.stderr, candidates.length * (ROUNDS + 1), 'steps');
  const signals = catchStopSignals((text) => bar.line(`sightline: ${hideTyped(text)}`));
  try {
    const measured = await compare({
      candidates,
      framesFor: ({ manifest }) => frames.get(sizeOf(manifest))!,
      rounds: ROUNDS,
      stretchMs: (seconds * 1000) / ROUNDS,
      signal: signals.signal,
      onStep: () => bar.tick(),
    });
    bar.close();
    if (signals.signal.aborted) {
      process.stderr.write('sightline: stopped before the end: nothing is compared\n');
      return EXIT.failed;
    }
    const rows = benchmarkRows(measured);
    const report: BenchmarkReport = {
      v: 1,
      host: {
        cpu: cpus()[0]?.model.trim() ?? 'unknown',
        cores: usableCores(),
        system: `${process.platform}-${process.arch}`,
        runtime: measured.flatMap((one) => ('runtime' in one ? [one.runtime] : []))[0] ?? null,
      },
      frames: { of: input.displayName, count: [...frames.values()][0]!.length },
      ...{ seconds, rounds: ROUNDS, rows },
    };
    const text = flags.json === true ? JSON.stringify(report, rounded, 2) : describeBenchmark(report);
    process.stdout.write(`${text}\n`);
    return rows.some((row) => 'ratio' in row) ? EXIT.done : EXIT.failed;
  } finally {
    bar.close();
    signals.release();
  }
}

const sizeOf = ({ input }: Manifest) => `${input.width}x${input.height}`;

function inputOf(path: string | undefined): Input {
  if (path === undefined) return { kind: 'file', location: join(packageRoot, CLIP), displayName: CLIP };
  return {
    kind: isImagePath(path) ? 'image' : 'file',
    location: resolve(path),
    displayName: redactUrl(path),
  };
}

/** Models, then providers, threads and batches. Throws a UsageError for what is unknown, or too many. */
async function candidatesOf(flags: BenchmarkFlags): Promise<readonly Candidate[]> {
  const names = listFlag('--model', flags.model) ?? (await listModels());
  const providers = listFlag('--providers', flags.providers ?? DEFAULTS.providers)!;
  const unknown = providers.find((provider) => parseProvider(provider) === undefined);
  if (unknown !== undefined) {
    throw new UsageError(`--providers: expected ${EXPECTED_PROVIDER}, got ${JSON.stringify(unknown)}`);
  }
  const batches = numbersFlag('--batch', flags.batch ?? DEFAULTS.batch, { min: 1, max: 64 });
  const threads = numbersFlag('--threads', flags.threads ?? DEFAULTS.threads, { min: 0, max: 256 });
  const manifests: Manifest[] = [];
  for (const name of names) manifests.push(await loadModel(name));
  const candidates = manifests.flatMap((manifest) =>
    providers.flatMap((provider) =>
      threads.flatMap((threadCount) =>
        batches.map((batch) => ({ manifest, provider, batch, threads: threadCount })),
      ),
    ),
  );
  if (candidates.length <= MOST_ROWS) return candidates;
  throw new UsageError(
    `benchmark-model: expected at most ${MOST_ROWS} rows, got ${candidates.length}; ask for fewer models, providers, batches or threads`,
  );
}

function numbersFlag(flag: string, text: string, range: { min: number; max: number }): readonly number[] {
  return listFlag(flag, text)!.map((part) => numberFlag(flag, part, { ...range, isWhole: true })!);
}

/** More digits than a clock can tell help nobody. */
const rounded = (_key: string, value: unknown) =>
  typeof value === 'number' ? Math.round(value * 1e4) / 1e4 : value;

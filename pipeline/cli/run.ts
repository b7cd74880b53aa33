import type { Command } from 'commander';
import { usableCores } from '../../workers/local/usable-cores';
import { analyse } from './analysis';
import { runCameras } from './run-cameras';
import { runConfig } from './run-config';
import type { RunFlags } from './run-config';

/** `sightline run`: decode, detect, track and emit; in this process and its children, or with `--queue` by workers. */
export function addRunCommand(program: Command): void {
  addAnalysisFlags(
    program
      .command('run')
      .description('turn cameras and video files into events')
      .argument('[inputs...]', 'URLs of cameras, video files, folders of pictures (with a slash at the end)'),
  )
    .option('-a, --annotate <file>', 'write a video with boxes, ids and labels drawn in (one input)')
    .option('--start-time <time>', 'when a recording began: 2026-05-01T12:00:00Z')
    .option('--queue <url>', 'detect through `sightline worker` processes: redis://host:6379 or file:/path')
    .action(async (inputs: string[], flags: RunFlags) => {
      process.exitCode = await analyse({
        plan: runConfig(inputs, flags),
        flags,
        drive({ specs, pipeline, stopping, onStart, setReady }) {
          setReady(() => !stopping.aborted);
          return runCameras(specs, {
            pipeline,
            maxRecordings: Math.max(LEAST_RECORDINGS, 2 * usableCores()),
            onStart,
            isStopping: () => stopping.aborted,
          });
        },
      });
    });
}

/** Recordings read at once, at least. */
const LEAST_RECORDINGS = 4;

/** Flags of every command that runs cameras. */
export function addAnalysisFlags(command: Command): Command {
  return command
    .option('-c, --config <file>', 'cameras and settings from a YAML file')
    .option(
      '-o, --output <file>',
      'write events as JSON Lines, "-" is standard output; this and --events take the place of `events` in the file of --config',
    )
    .option('-e, --events <url>', 'append events to a Redis stream: redis://host:6379 or file:/path')
    .option('-m, --model <name>', 'bundled model or path of a manifest', undefined)
    .option('--max-fps <n>', 'frames a second that are looked at (default 10)')
    .option('--labels <list>', 'kinds of objects to report: person,car')
    .option('--min-score <p>', 'score from which a detection can start a track')
    .option('--providers <list>', 'what to run the model on, best first: cuda,cpu (default cpu)')
    .option('--processes <n>', 'inference processes (default: one for each core)')
    .option('--batch <n>', 'frames given to the model at once, at most')
    .option('--namespace <name>', 'prefix of every Redis key')
    .option('--metrics <address>', 'serve /metrics, /healthz and /readyz: 127.0.0.1:9464')
    .option('--log-format <format>', 'text or json', 'text')
    .option('-q, --quiet', 'no progress and no summary')
    .option('-v, --verbose', 'say more');
}

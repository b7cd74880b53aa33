import type { ChildProcess } from 'node:child_process';
import type { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import createFluentCommand from 'fluent-ffmpeg';
import { PipelineError } from '../../models/domain/errors';
import { createRedactor, credentialsOf } from '../../models/domain/redact';
import { createStderrTail } from './stderr-tail';
import { classifyStderr } from './classify-stderr';

/** What to run; options are separate arguments, never text to be split. */
export interface FfmpegCommandLine {
  readonly input: { readonly options: readonly string[]; readonly source: string | Readable };
  /** A `-filter_complex` graph. */
  readonly filter?: string;
  readonly outputs: readonly { readonly options: readonly string[]; readonly target: string }[];
  /** Takes what goes to `pipe:1`; destroyed here once the child has it. */
  readonly stdout?: Socket;
  /** Called with the stream of what goes to `pipe:3`, as soon as there is one. */
  readonly onPipe?: (pipe: Readable) => void;
  /** Called once the process runs, which is some time after `startFfmpeg` returns. */
  readonly onStart?: () => void;
  /** Receives every line of stderr as it comes: not redacted, not for people. */
  readonly onStderrLine?: (line: string) => void;
}

/** How an FFmpeg process ended. */
export interface FfmpegExit {
  readonly code: number | null;
  readonly signal: string | null;
  /** The last lines for people; bounded, credentials removed. */
  readonly stderrTail: readonly string[];
  /** Set unless the exit code was 0. */
  readonly error?: PipelineError;
}

export interface FfmpegProcess {
  /** Resolves when the process is gone and its output was read; never rejects. */
  readonly exited: Promise<FfmpegExit>;
  /** SIGKILL, since SIGTERM is ignored while FFmpeg's output is blocked; resolves when the process is gone. */
  kill(): Promise<FfmpegExit>;
}

/** The parts of fluent-ffmpeg 2.1.3 (archived, pinned) that its types leave out. */
interface FluentInternals {
  ffmpegProc?: ChildProcess;
  _spawnFfmpeg(args: string[], options: object, ...callbacks: unknown[]): void;
}

const KEPT_BY_FLUENT_LINES = 1;

/** Killed with this process when it exits at once: a decoder that waits for a frozen camera would not notice. */
const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/**
 * Starts FFmpeg; the only place that knows fluent-ffmpeg.
 *
 * The process gets a process group of its own: Ctrl-C in a terminal reaches the whole foreground group, and an encoder that
 * ends itself on SIGINT would lose the frames still on their way to it.
 */
export function startFfmpeg(line: FfmpegCommandLine): FfmpegProcess {
  const { source } = line.input;
  const hide = createRedactor(typeof source === 'string' ? credentialsOf(source) : []);
  const tail = createStderrTail({ hide });
  const command = createFluentCommand({ stdoutLines: KEPT_BY_FLUENT_LINES });
  const internals = command as unknown as FluentInternals;
  const spawnPlainly = internals._spawnFfmpeg.bind(command);
  internals._spawnFfmpeg = (args, options, ...callbacks) => {
    // fluent-ffmpeg asks its questions first; who killed the process meanwhile has closed the sockets it would get.
    if (isKilled) finish(new Error('killed before it was started'));
    else spawnPlainly(args, { ...options, ...spawnOptions(line, args) }, ...callbacks);
  };

  command.input(line.input.source);
  if (line.input.options.length > 0) command.inputOptions(...separate(line.input.options));
  if (line.filter !== undefined) command.complexFilter(line.filter);
  for (const output of line.outputs) {
    command.output(output.target);
    if (output.options.length > 0) command.outputOptions(...separate(output.options));
  }

  let isKilled = false;
  let child: ChildProcess | undefined;
  let resolveExited: (exit: FfmpegExit) => void;
  const exited = new Promise<FfmpegExit>((resolve) => (resolveExited = resolve));

  function finish(failure?: Error): void {
    // Also when it never started: who reads the other end waits for it to close.
    line.stdout?.destroy();
    const code = child?.exitCode ?? null;
    const signal = child?.signalCode ?? (isKilled && child === undefined ? 'SIGKILL' : null);
    const exit = { code, signal, stderrTail: tail.lines() };
    if (code === 0 || failure === undefined) resolveExited(exit);
    else resolveExited({ ...exit, error: toExitError(failure, code, signal, exit.stderrTail) });
  }

  command
    .on('start', () => {
      child = internals.ffmpegProc;
      if (child !== undefined) keepUntilExit(child);
      line.stdout?.destroy();
      line.onStart?.();
      const pipe = child?.stdio[3];
      if (pipe != null) line.onPipe?.(pipe as Readable);
      if (isKilled) child?.kill('SIGKILL');
    })
    .on('stderr', (text: string) => {
      line.onStderrLine?.(text);
      tail.push(text);
    })
    .on('end', () => finish())
    .on('error', (error: Error) => void whenGone(child).then(() => finish(error)));
  command.run();

  return {
    exited,
    kill() {
      isKilled = true;
      child?.kill('SIGKILL');
      return exited;
    },
  };
}

/** fluent-ffmpeg also asks FFmpeg for its formats and encoders, on the stdout that it expects. */
function spawnOptions({ input, stdout, onPipe }: FfmpegCommandLine, args: readonly string[]): object {
  const isQuestion = !args.includes('-i');
  if (isQuestion || stdout === undefined) return { detached: true };
  return {
    detached: true,
    captureStdout: false,
    stdio: [
      typeof input.source === 'string' ? 'ignore' : 'pipe',
      stdout,
      'pipe',
      ...(onPipe === undefined ? [] : ['pipe']),
    ],
  };
}

function keepUntilExit(child: ChildProcess): void {
  running.add(child);
  child.once('exit', () => running.delete(child));
}

/** fluent-ffmpeg splits a lone option at its space, but never one of several. */
function separate(options: readonly string[]): string[] {
  if (options.length < 2)
    throw new RangeError(`ffmpeg options: expected a name and a value at least, got ${options.join()}`);
  return [...options];
}

async function whenGone(child: ChildProcess | undefined): Promise<void> {
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
  await new Promise((resolve) => child.once('exit', resolve));
}

function toExitError(
  failure: Error,
  code: number | null,
  signal: string | null,
  tail: readonly string[],
): PipelineError {
  if (/cannot find ffmpeg|ENOENT/i.test(failure.message)) {
    return new PipelineError('ffmpeg_missing', 'ffmpeg: expected the program on the PATH, found none');
  }
  if (signal !== null) return new PipelineError('unknown', `ffmpeg was ended by ${signal}`);
  const { code: errorCode, detail } = classifyStderr(tail);
  return new PipelineError(errorCode, detail ?? `ffmpeg exited with code ${String(code)}`);
}

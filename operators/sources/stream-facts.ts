import { randomBytes } from 'node:crypto';
import { Observable } from 'rxjs';
import type { Clock } from '../../models/domain/clock';
import { toPipelineError } from '../../models/domain/errors';
import type { PipelineError } from '../../models/domain/errors';
import type { SourceMode } from '../../models/domain/frame';
import { createRedactor, credentialsOf } from '../../models/domain/redact';
import { damageIn, tellsOfLength, tellsOfSilence } from '../support/classify-stderr';
import { startFfmpeg } from '../support/ffmpeg-process';
import type { FfmpegProcess } from '../support/ffmpeg-process';
import { isAtLeast } from '../support/ffmpeg-version';
import { createPacketDumpParser, createStreamLineParser } from '../support/stream-lines';
import type { DeclaredStream } from '../support/stream-lines';
import { recording, silence } from './camera-errors';
import { ARRIVAL_TIMES } from './ffmpeg-args';
import { DEFAULT_TIMEOUT_MS, openArgs } from './open-args';
import type { OpenRequest } from './open-args';
import { openingFacts } from './opening-facts';
import { createShowinfoParser } from './showinfo';
import type { ShownFrame } from './showinfo';

export interface StreamFactsOptions {
  readonly request: Omit<OpenRequest, 'version'>;
  /** Live: a camera that sends nothing more is an error. */
  readonly mode: SourceMode;
  readonly clock: Clock;
}

/** A decoded picture without its pixels. */
export interface FrameFact extends Omit<ShownFrame, 'rendition'> {
  readonly kind: 'frame';
  /** Monotonic time of arrival in milliseconds. */
  readonly arrivedMs: number;
  /** FFmpeg's name, such as `yuv420p`. */
  readonly pixelFormat: string;
  /** Predicted from pictures that are shown later, too. */
  readonly isBFrame: boolean;
}

/** Something FFmpeg told of an input. */
export type StreamFact =
  | { readonly kind: 'started' | 'opened'; readonly arrivedMs: number }
  | { readonly kind: 'stream'; readonly stream: DeclaredStream }
  /** Of the first video stream. */
  | { readonly kind: 'packet'; readonly isKey: boolean; readonly byteLength: number }
  | FrameFact
  /** Data that could not be read or decoded, in FFmpeg's words without credentials; `count` times in a row. */
  | { readonly kind: 'damage'; readonly detail: string; readonly count: number };

/**
 * Runs one FFmpeg process that opens an input just as `ffmpegFrames` does and decodes its video, and emits what it tells of
 * streams, packets and pictures. Nothing is kept: pixels stay in FFmpeg, facts go to the subscriber.
 *
 * Completes when the process ended with exit code 0; that a *live* source completes means it was lost. Errors with a
 * PipelineError whose code tells the cause. Unsubscribing kills the process.
 */
export function streamFacts({ request, mode, clock }: StreamFactsOptions): Observable<StreamFact> {
  return new Observable<StreamFact>((subscriber) => {
    let child: FfmpegProcess | undefined;
    let startedMs = Infinity;
    let isOpened = false;
    /** Of a camera that takes the connection and then answers nothing, FFmpeg 5 says no more than "Invalid data". */
    const isUnanswered = ({ code }: PipelineError) =>
      request.kind === 'rtsp' &&
      code === 'corrupt' &&
      !isOpened &&
      clock.monotonicMs() - startedMs >= (request.timeoutMs ?? DEFAULT_TIMEOUT_MS);
    const emit = (fact: StreamFact) => {
      if (fact.kind === 'started') startedMs = fact.arrivedMs;
      isOpened ||= fact.kind === 'opened';
      subscriber.next(fact);
    };
    const run = async () => {
      const facts = await openingFacts(request);
      if (subscriber.closed) return;
      const tag = randomBytes(8).toString('hex');
      const read = createLineReader({
        ...{ tag, clock, emit },
        hide: createRedactor(credentialsOf(request.location)),
      });
      const { inputOptions, source } = openArgs({ ...request, ...facts });
      child = startFfmpeg({
        input: { options: ['-dump', ...inputOptions], source },
        filter: `[0:v:0]${request.kind === 'http' ? `${ARRIVAL_TIMES},` : ''}showinfo@detect${tag}=checksum=0[shown]`,
        outputs: [
          {
            options: [
              ...['-map', '[shown]'],
              ...(isAtLeast(facts.version, [5, 1])
                ? ['-fps_mode', 'passthrough']
                : ['-vsync', 'passthrough']),
              ...['-enc_time_base', '-1', '-f', 'null'],
            ],
            target: 'pipe:1',
          },
        ],
        onStart: () => emit({ kind: 'started', arrivedMs: clock.monotonicMs() }),
        onStderrLine(line) {
          read(line);
          // FFmpeg 5 would wait for the same time once more for each picture that its decoder still holds.
          if (mode === 'live' && tellsOfSilence(line)) subscriber.error(silence());
          if (request.kind === 'http' && tellsOfLength(line)) subscriber.error(recording());
        },
      });
      const { error } = await child.exited;
      if (error === undefined) subscriber.complete();
      else subscriber.error(isUnanswered(error) ? silence() : error);
    };
    run().catch((error: unknown) => subscriber.error(toPipelineError(error)));
    return () => void child?.kill();
  });
}

interface LineReaderOptions {
  readonly tag: string;
  readonly clock: Clock;
  readonly emit: (fact: StreamFact) => void;
  readonly hide: (text: string) => string;
}

function createLineReader({ tag, clock, emit, hide }: LineReaderOptions): (line: string) => void {
  const readStream = createStreamLineParser();
  const readPacket = createPacketDumpParser();
  const readFrame = createShowinfoParser(tag);
  let videoIndex: number | undefined;
  let damage: string | undefined;

  return (line) => {
    const shown = readFrame(line);
    if (shown !== undefined) {
      emit(frameFact(shown, line, clock.monotonicMs()));
      return;
    }
    if (line.startsWith('[info] Input #0')) emit({ kind: 'opened', arrivedMs: clock.monotonicMs() });
    const stream = readStream(line);
    if (stream !== undefined) {
      if (stream.type === 'video') videoIndex ??= stream.index;
      emit({ kind: 'stream', stream });
    }
    const packet = readPacket(line);
    if (packet !== undefined && packet.index === videoIndex) {
      emit({ kind: 'packet', isKey: packet.isKey, byteLength: packet.byteLength });
    }
    const [, repeats] = /^\s*Last message repeated (\d{1,9}) times$/.exec(line) ?? [];
    if (repeats !== undefined) {
      if (damage !== undefined) emit({ kind: 'damage', detail: damage, count: Number(repeats) });
      return;
    }
    damage = damageIn(line, hide);
    if (damage !== undefined) emit({ kind: 'damage', detail: damage, count: 1 });
  };
}

function frameFact(
  { ptsMs, size, sampleAspect, isKey }: ShownFrame,
  line: string,
  arrivedMs: number,
): FrameFact {
  const [, pixelFormat = 'unknown'] = / fmt:(\w+) /.exec(line) ?? [];
  const isBFrame = / type:B\b/i.test(line);
  return { kind: 'frame', arrivedMs, ptsMs, size, sampleAspect, isKey, pixelFormat, isBFrame };
}

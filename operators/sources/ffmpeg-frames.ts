import { createServer } from 'node:net';
import type { Server } from 'node:net';
import { join } from 'node:path';
import { Observable } from 'rxjs';
import type { SourceMode } from '../../models/domain/frame';
import { toPipelineError } from '../../models/domain/errors';
import { createScratchFolder } from '../../models/support/scratch';
import type { ScratchFolder } from '../../models/support/scratch';
import { startFfmpeg } from '../support/ffmpeg-process';
import type { FfmpegProcess } from '../support/ffmpeg-process';
import { probeFfmpeg } from '../support/ffmpeg-version';
import { decodeArgs } from './ffmpeg-args';
import type { DecodeRequest } from './ffmpeg-args';
import { createNutSink } from './nut-sink';
import type { NutSink } from './nut-sink';
import { createRenditionMerger } from './rendition-merger';
import type { MergedFrame } from './rendition-merger';
import { createShowinfoParser } from './showinfo';

export interface FfmpegFramesOptions {
  readonly request: Omit<DecodeRequest, 'version' | 'viewSocketPath'>;
  /** Live: the pipe is always drained, and a frame without a free buffer is read past. Recorded: FFmpeg waits. */
  readonly mode: SourceMode;
  /** Detect frames that may be held at once. */
  readonly detectBuffers: number;
  /** Also emit the source's own pictures; bytes that they may hold at once. */
  readonly view?: { readonly budgetBytes: number };
}

/** One decoded picture; the receiver owns one hold on `lease`. */
export type DecodedFrame = MergedFrame;

const MIN_VIEW_BUFFERS = 4;
const MAX_VIEW_BUFFERS = 32;

/**
 * Runs one FFmpeg process on a file, picture or camera and emits its frames, detect and view renditions in stream order.
 *
 * Completes when the process ended with exit code 0 and everything it wrote was emitted; that a *live* source completes means
 * it was lost. Errors with a PipelineError whose code tells the cause. Unsubscribing kills the process and removes its
 * socket; frames already emitted stay valid until they are released.
 */
export function ffmpegFrames(options: FfmpegFramesOptions): Observable<DecodedFrame> {
  if (!(options.detectBuffers >= 1)) {
    throw new RangeError(`ffmpegFrames: expected 1 detect buffer or more, got ${options.detectBuffers}`);
  }
  return new Observable<DecodedFrame>((subscriber) => {
    const run = new DecoderRun(options, {
      onFrame: (frame) => subscriber.next(frame),
      onEnd: () => subscriber.complete(),
      onError: (error) => subscriber.error(toPipelineError(error)),
    });
    return () => run.stop();
  });
}

interface DecoderHandlers {
  onFrame(frame: DecodedFrame): void;
  onEnd(): void;
  onError(error: unknown): void;
}

/** One FFmpeg process from start to end, with everything that must be given back after it. */
class DecoderRun {
  readonly #options: FfmpegFramesOptions;
  readonly #handlers: DecoderHandlers;
  readonly #merger;
  #isStopped = false;
  #process: FfmpegProcess | undefined;
  #sinks: NutSink[] = [];
  #server: Server | undefined;
  #folder: ScratchFolder | undefined;
  #isViewConnected = false;

  constructor(options: FfmpegFramesOptions, handlers: DecoderHandlers) {
    this.#options = options;
    this.#handlers = handlers;
    this.#merger = createRenditionMerger((frame) => this.#emit(frame));
    this.#run().catch((error: unknown) => this.#fail(error));
  }

  stop(): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    void this.#process?.kill();
    for (const sink of this.#sinks) sink.stop();
    this.#merger.clear();
    this.#cleanUp();
  }

  async #run(): Promise<void> {
    const version = await probeFfmpeg();
    const viewSocketPath = this.#options.view === undefined ? undefined : await this.#listen();
    if (this.#isStopped) {
      this.#cleanUp();
      return;
    }

    const args = decodeArgs({
      ...this.#options.request,
      version,
      ...(viewSocketPath !== undefined && { viewSocketPath }),
    });
    const { width, height } = this.#options.request.input;
    const detect = this.#addSink('detect', this.#options.detectBuffers, (width * height * 3) / 2);
    const parse = createShowinfoParser();
    this.#process = startFfmpeg({
      input: { options: args.inputOptions, source: args.source },
      filter: args.filter,
      outputs: [
        { options: args.detectOptions, target: detect.writable },
        ...(args.view === undefined ? [] : [args.view]),
      ],
      onStderrLine: (line) => {
        const shown = parse(line);
        if (shown !== undefined && !this.#isStopped) this.#guard(() => this.#merger.shown(shown));
      },
    });

    const exit = await this.#process.exited;
    // A process that failed early may never have connected, and then nothing ends that sink.
    const isViewDue = exit.error === undefined || this.#isViewConnected;
    await Promise.all(this.#sinks.filter((sink) => sink === detect || isViewDue).map((sink) => sink.ended));
    if (exit.error !== undefined) {
      this.#fail(exit.error);
      return;
    }
    this.#finish(() => this.#handlers.onEnd());
  }

  /** Listens on a socket that only this user can reach, for the one connection that FFmpeg makes. */
  async #listen(): Promise<string> {
    this.#folder = createScratchFolder();
    const path = join(this.#folder.path, 'view.sock');
    const budgetBytes = this.#options.view!.budgetBytes;
    const count = (byteLength: number) =>
      Math.min(MAX_VIEW_BUFFERS, Math.max(MIN_VIEW_BUFFERS, Math.floor(budgetBytes / byteLength)));
    const sink = this.#addSink('view', count);
    const server = createServer((socket) => {
      server.close();
      this.#isViewConnected = true;
      socket.on('error', (error) => this.#fail(error));
      socket.pipe(sink.writable);
    });
    this.#server = server;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(path, resolve);
    });
    return path;
  }

  #addSink(
    rendition: 'detect' | 'view',
    count: number | ((byteLength: number) => number),
    byteLength?: number,
  ): NutSink {
    const sink = createNutSink({
      mode: this.#options.mode,
      count,
      ...(byteLength !== undefined && { byteLength }),
      onPixels: (lease, muxedPtsMs) => {
        if (this.#isStopped) lease?.release();
        else this.#guard(() => this.#merger.pixels(rendition, { lease, muxedPtsMs }));
      },
      onError: (error) => this.#fail(error),
    });
    this.#sinks.push(sink);
    return sink;
  }

  #emit(frame: MergedFrame): void {
    if (this.#isStopped) frame.lease?.release();
    else this.#handlers.onFrame(frame);
  }

  #guard(act: () => void): void {
    try {
      act();
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    this.#finish(() => this.#handlers.onError(error));
  }

  #finish(tell: () => void): void {
    if (this.#isStopped) return;
    this.stop();
    tell();
  }

  #cleanUp(): void {
    this.#server?.close();
    this.#folder?.remove();
  }
}

import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import { Writable, pipeline } from 'node:stream';
import type { Readable } from 'node:stream';
import { Observable } from 'rxjs';
import type { SourceMode } from '../../models/domain/frame';
import { isNetworkKind } from '../../models/domain/input-kind';
import { toPipelineError } from '../../models/domain/errors';
import type { PipelineError } from '../../models/domain/errors';
import type { Polygon } from '../../models/domain/polygon';
import { createRedactor, credentialsOf } from '../../models/domain/redact';
import { startFfmpeg } from '../support/ffmpeg-process';
import type { FfmpegProcess } from '../support/ffmpeg-process';
import { damageIn, tellsOfLength, tellsOfSilence } from '../support/classify-stderr';
import { resolveHost } from '../support/resolve-host';
import { createSocketPair } from '../support/socket-pair';
import type { SocketPair } from '../support/socket-pair';
import { recording, silence } from './camera-errors';
import { decodeArgs } from './ffmpeg-args';
import type { DecodeRequest } from './ffmpeg-args';
import { DEFAULT_TIMEOUT_MS } from './open-args';
import { openingFacts } from './opening-facts';
import { createStreamReader } from './decoder-notes';
import type { DecoderNote } from './decoder-notes';
import { createFrameMasker } from './frame-masker';
import { createNutSink } from './nut-sink';
import type { NutSink } from './nut-sink';
import { createRenditionMerger } from './rendition-merger';
import type { MergedFrame } from './rendition-merger';
import { createShowinfoParser } from './showinfo';
import type { Rendition } from './showinfo';
import { viewBuffers } from './view-buffers';

export interface FfmpegFramesOptions {
  readonly request: Omit<DecodeRequest, 'version' | 'renditions' | 'tag'>;
  /** Live: the pipe is always drained, and a frame without a free buffer is read past. Recorded: FFmpeg waits. */
  readonly mode: SourceMode;
  /** Detect frames that may be held at once; absent: none are emitted, but views. */
  readonly detectBuffers?: number;
  /** Emit the source's own pictures too; bytes that they may hold at once. */
  readonly view?: { readonly budgetBytes: number };
  /** Parts of the source picture, in fractions of it, that are black in everything emitted. */
  readonly masks?: readonly Polygon[];
  /** Recorded: FFmpeg went past damaged or missing data, in its own words; called once at most, before the end. */
  readonly onDamage?: (detail: string) => void;
}

/** One decoded picture; the receiver owns one hold on `lease`. */
export type DecodedFrame = MergedFrame;

/** Tells pictures from what the decoder says beside them. */
export const isDecodedFrame = (item: DecodedFrame | DecoderNote): item is DecodedFrame => !('note' in item);

const TARGETS = ['pipe:1', 'pipe:3'];
/** As much as a unix socket holds: one read takes a third of a frame at the default size. */
const READ_BYTES = 128 * 1024;

/**
 * Runs one FFmpeg process on an input and emits its frames, the renditions asked for in stream order.
 *
 * Of a live source it also emits what FFmpeg says beside the pictures: the codec, and data that could not be decoded.
 *
 * Completes when the process ended with exit code 0 and everything it wrote was emitted; that a *live* source completes means
 * it was lost. Errors with a PipelineError whose code tells the cause; also for a picture that cannot be masked, which is not
 * emitted. Unsubscribing kills the process; frames already emitted stay valid until they are released.
 */
export function ffmpegFrames(options: FfmpegFramesOptions): Observable<DecodedFrame | DecoderNote> {
  const { detectBuffers = options.view === undefined ? 0 : 1 } = options;
  if (!(detectBuffers >= 1)) {
    throw new RangeError(`ffmpegFrames: expected a view, or 1 detect buffer or more, got ${detectBuffers}`);
  }
  return new Observable((subscriber) => {
    const run = new DecoderRun(options, {
      onFrame: (frame) => subscriber.next(frame),
      onNote: (note) => subscriber.next(note),
      onEnd: () => subscriber.complete(),
      onError: (error) => subscriber.error(toPipelineError(error)),
    });
    return () => run.stop();
  });
}

interface DecoderHandlers {
  onFrame(frame: DecodedFrame): void;
  onNote(note: DecoderNote): void;
  onEnd(): void;
  onError(error: unknown): void;
}

/** One FFmpeg process from start to end, with everything that must be given back after it. */
class DecoderRun {
  readonly #options: FfmpegFramesOptions;
  readonly #handlers: DecoderHandlers;
  readonly #merger;
  readonly #mask: ((frame: MergedFrame) => void) | undefined;
  readonly #sinks: NutSink[] = [];
  readonly #readStream = createStreamReader();
  readonly #hide: (text: string) => string;
  #isStopped = false;
  #isOpened = false;
  #startedMs = 0;
  #process: FfmpegProcess | undefined;
  #pair: SocketPair | undefined;

  constructor(options: FfmpegFramesOptions, handlers: DecoderHandlers) {
    this.#options = options;
    this.#handlers = handlers;
    const { masks = [], request } = options;
    this.#hide = createRedactor(credentialsOf(request.location));
    if (masks.length > 0) this.#mask = createFrameMasker({ polygons: masks, input: request.input });
    this.#merger = createRenditionMerger((frame) => this.#emit(frame));
    this.#run().catch((error: unknown) => this.#fail(error));
  }

  stop(): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    void this.#process?.kill();
    for (const sink of this.#sinks) sink.stop();
    this.#merger.clear();
    this.#pair?.near.destroy();
    this.#pair?.far.destroy();
  }

  async #run(): Promise<void> {
    const { request, view, detectBuffers, onDamage } = this.#options;
    const renditions = view === undefined ? 'detect' : detectBuffers === undefined ? 'view' : 'both';
    const tag = randomBytes(8).toString('hex');
    const facts = await openingFacts(request);
    if (isNetworkKind(request.kind)) this.#resolveHost(request.location);
    const args = decodeArgs({ ...request, ...facts, tag, renditions });
    const pair = await this.#readFirst(this.#firstSink());
    const read = endOf(pair.near.resume());
    if (this.#isStopped) return;

    const parse = createShowinfoParser(tag);
    let viewed = Promise.resolve();
    const seen: { damage?: string } = {};
    this.#startedMs = performance.now();
    this.#process = startFfmpeg({
      input: { options: args.inputOptions, source: args.source },
      filter: args.filter,
      outputs: args.outputs.map((options, index) => ({ options, target: TARGETS[index]! })),
      stdout: pair.far,
      ...(renditions === 'both' && {
        onPipe: (pipe) => {
          viewed = this.#readView(pipe);
        },
      }),
      onStderrLine: (line) => {
        const shown = parse(line);
        if (shown === undefined) this.#watchFor(line, seen);
        else if (!this.#isStopped) this.#guard(() => this.#merger.shown(shown));
      },
    });

    const exit = await this.#process.exited;
    await Promise.all([read, viewed]);
    if (seen.damage !== undefined && exit.error === undefined) onDamage?.(seen.damage);
    if (exit.error !== undefined) this.#fail(this.#isUnanswered(exit.error) ? silence() : exit.error);
    else this.#finish(() => this.#handlers.onEnd());
  }

  /** Of a camera that takes the connection and then answers nothing, FFmpeg 5 says no more than "Invalid data". */
  #isUnanswered({ code }: PipelineError): boolean {
    const { kind, timeoutMs = DEFAULT_TIMEOUT_MS } = this.#options.request;
    const hasWaited = performance.now() - this.#startedMs >= timeoutMs;
    return (kind === 'rtsp' || kind === 'http') && code === 'corrupt' && !this.#isOpened && hasWaited;
  }

  /** Meanwhile: FFmpeg would wait for a name server for as long as that takes, and say nothing. */
  #resolveHost(url: string): void {
    resolveHost(new URL(url).hostname).catch((error: unknown) => this.#fail(error));
  }

  /** Notes what a line that tells of no frame says of the source. */
  #watchFor(line: string, seen: { damage?: string }): void {
    if (this.#options.mode === 'recorded') {
      const damage = seen.damage ?? damageIn(line, this.#hide);
      if (damage !== undefined) seen.damage = damage;
    } else if (tellsOfSilence(line)) {
      // FFmpeg 5 would wait for the same time once more for each picture that its decoder still holds.
      this.#fail(silence());
    } else if (this.#options.request.kind === 'http' && tellsOfLength(line)) {
      this.#fail(recording());
    } else if (!this.#isStopped) {
      this.#guard(() => this.#noteOf(line));
    }
  }

  #noteOf(line: string): void {
    const announced = this.#readStream(line);
    this.#isOpened ||= announced !== undefined;
    if (announced !== undefined) this.#handlers.onNote({ note: 'opened', ...announced });
    const detail = damageIn(line, this.#hide);
    if (detail !== undefined) this.#handlers.onNote({ note: 'damage', detail });
  }

  #firstSink(): NutSink {
    const { request, detectBuffers } = this.#options;
    if (detectBuffers === undefined) return this.#viewSink();
    return this.#addSink('detect', detectBuffers, (request.input.width * request.input.height * 3) / 2);
  }

  /** Prepares the reading of the first rendition, which goes to the far end. */
  async #readFirst(sink: NutSink): Promise<SocketPair> {
    const pair = await createSocketPair({
      buffer: new Uint8Array(READ_BYTES),
      callback: (length, buffer) => {
        let isTaken = false;
        let isWaiting = false;
        sink.consume(buffer.subarray(0, length), () => {
          isTaken = true;
          if (isWaiting) pair.near.resume();
        });
        isWaiting = !isTaken;
        return isTaken;
      },
    });
    this.#pair = pair;
    if (this.#isStopped) {
      pair.near.destroy();
      pair.far.destroy();
    }
    return pair;
  }

  #viewSink(): NutSink {
    const { budgetBytes } = this.#options.view!;
    return this.#addSink('view', (byteLength) => viewBuffers(budgetBytes, byteLength));
  }

  #readView(pipe: Readable): Promise<void> {
    const sink = this.#viewSink();
    // A Writable holds the pipe back by itself until `done`; it finishes after the pipe ends, with its last chunk taken.
    const taken = new Writable({ write: (chunk: Buffer, _encoding, done) => sink.consume(chunk, done) });
    return new Promise((resolve) => pipeline(pipe, taken, () => resolve()));
  }

  #addSink(
    rendition: Rendition,
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
    if (this.#isStopped) {
      frame.lease?.release();
      return;
    }
    try {
      this.#mask?.(frame);
    } catch (error) {
      frame.lease?.release();
      throw error;
    }
    this.#handlers.onFrame(frame);
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
}

/** Resolves when a stream ended, was destroyed or broke; what broke it is told by the process's exit. */
function endOf(stream: Readable | Socket): Promise<void> {
  return new Promise((resolve) => {
    stream.once('end', resolve);
    stream.once('close', resolve);
    stream.on('error', () => resolve());
  });
}

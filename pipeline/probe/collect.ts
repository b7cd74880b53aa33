import type { SourceMode } from '../../models/domain/frame';
import type { FrameFact, StreamFact } from '../../operators/sources/stream-facts';
import type { DeclaredStream } from '../../operators/support/stream-lines';
import { measureFps, measureGop, measureTimes, spanMs } from './measure';
import type { ProbeOk, ProbedVideo } from './result';

/** Pictures kept at most: five minutes at 300 a second. */
export const MAX_FRAMES = 100_000;
/** FFmpeg's own limit is 1000 streams; more than a few are no camera's. */
const MAX_STREAMS = 64;

/** What was measured, before anybody judged it. */
export type Measurement = Pick<
  ProbeOk,
  'connectMs' | 'firstFrameMs' | 'measuredMs' | 'video' | 'audio' | 'times' | 'damage'
>;

/** Takes the facts of one input and makes a measurement of them. */
export interface Collector {
  add(fact: StreamFact): void;
  readonly frameCount: number;
  readonly packetCount: number;
  /** Stream time so far. */
  readonly spanMs: number;
  readonly isFull: boolean;
  /** Arrival of the last picture; undefined before the first. */
  readonly lastArrivedMs: number | undefined;
  /** Undefined before the first picture. */
  measure(): Measurement | undefined;
}

/** The state of one probe: bounded, without I/O. */
export function createCollector(mode: SourceMode): Collector {
  const streams: DeclaredStream[] = [];
  const frames: FrameFact[] = [];
  const packets = { count: 0, bytes: 0 };
  let startedMs = 0;
  let openedMs: number | undefined;
  let damageCount = 0;
  let firstDamage: string | undefined;
  let streamMs = 0;
  let lastPtsMs: number | undefined;

  function addFrame(frame: FrameFact): void {
    if (frames.length >= MAX_FRAMES) return;
    if (frame.ptsMs !== undefined) {
      streamMs += Math.max(0, frame.ptsMs - (lastPtsMs ?? frame.ptsMs));
      lastPtsMs = frame.ptsMs;
    }
    frames.push(frame);
  }

  function addDamage({ detail, count }: Extract<StreamFact, { kind: 'damage' }>): void {
    // A camera is joined between two key frames: what cannot be decoded before the first picture is no damage.
    if (mode === 'live' && frames.length === 0) return;
    damageCount += count;
    firstDamage ??= detail;
  }

  return {
    add(fact) {
      switch (fact.kind) {
        case 'started':
          startedMs = fact.arrivedMs;
          return;
        case 'opened':
          openedMs = fact.arrivedMs;
          return;
        case 'stream':
          if (streams.length < MAX_STREAMS) streams.push(fact.stream);
          return;
        case 'packet':
          packets.count++;
          packets.bytes += fact.byteLength;
          return;
        case 'damage':
          addDamage(fact);
          return;
        case 'frame':
          addFrame(fact);
          return;
      }
    },
    get frameCount() {
      return frames.length;
    },
    get packetCount() {
      return packets.count;
    },
    get spanMs() {
      return streamMs;
    },
    get isFull() {
      return frames.length >= MAX_FRAMES;
    },
    get lastArrivedMs() {
      return frames.at(-1)?.arrivedMs;
    },
    measure() {
      const [first] = frames;
      if (first === undefined) return undefined;
      return {
        connectMs: (openedMs ?? first.arrivedMs) - startedMs,
        firstFrameMs: first.arrivedMs - startedMs,
        measuredMs: spanMs(frames),
        video: measureVideo(first, frames, streams, packets),
        audio: streams
          .filter(({ type }) => type === 'audio')
          .map(({ codec, profile }) => ({ codec, ...(profile !== undefined && { profile }) })),
        times: measureTimes(frames, mode),
        damage: { count: damageCount, ...(firstDamage !== undefined && { first: firstDamage }) },
      };
    },
  };
}

function measureVideo(
  first: FrameFact,
  frames: readonly FrameFact[],
  streams: readonly DeclaredStream[],
  packets: { readonly count: number; readonly bytes: number },
): ProbedVideo {
  const declared = streams.find(({ type }) => type === 'video');
  const { size, sampleAspect, pixelFormat } = first;
  const measuredFps = measureFps(frames);
  return {
    codec: declared?.codec ?? 'unknown',
    ...(declared?.profile !== undefined && { profile: declared.profile }),
    pixelFormat,
    ...size,
    ...(sampleAspect[0] !== sampleAspect[1] && { sampleAspect }),
    sizeCount: new Set(frames.map(({ size: { width, height } }) => `${width}x${height}`)).size,
    frameCount: frames.length,
    ...(declared?.fps !== undefined && { declaredFps: declared.fps }),
    ...(measuredFps !== undefined && { measuredFps }),
    gop: measureGop(frames),
    hasBFrames: frames.some(({ isBFrame }) => isBFrame),
    // A decoder holds packets whose pictures it has not given yet: their mean size is exact, their sum would be too much.
    ...(measuredFps !== undefined &&
      packets.count > 0 && { bitrateBps: (packets.bytes / packets.count) * 8 * measuredFps }),
  };
}

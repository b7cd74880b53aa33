import {
  BehaviorSubject,
  asyncScheduler,
  delay,
  merge,
  switchMap,
  takeUntil,
  takeWhile,
  tap,
  timer,
} from 'rxjs';
import type { Observable, SchedulerLike } from 'rxjs';
import type { Clock } from '../../models/domain/clock';
import { ERRORS, PipelineError, toPipelineError } from '../../models/domain/errors';
import type { SourceMode } from '../../models/domain/frame';
import type { StreamFact } from '../../operators/sources/stream-facts';
import type { Input } from '../inputs';
import { adviceFor } from './advice';
import { createCollector } from './collect';
import type { Collector } from './collect';
import type { ProbeResult, ProbeTransport } from './result';

export interface ProbeInputOptions {
  readonly input: Input;
  readonly mode: SourceMode;
  /** Live: how long pictures are watched; recorded: how much stream time is read. */
  readonly windowMs: number;
  /** Frames a second that an analysis looks at. */
  readonly maxFps: number;
  /** It looks at none: the stream is for people. Default false. */
  readonly isForPeople?: boolean;
  /** What FFmpeg tells of the input; its process ends when unsubscribed. */
  readonly facts: Observable<StreamFact>;
  /** Emits when the probe is to end with what it has. */
  readonly stop: Observable<unknown>;
  /** Removes credentials from text that came from outside. */
  readonly hide: (text: string) => string;
  readonly clock: Clock;
  readonly scheduler?: SchedulerLike;
}

/** Starting a program takes seconds where all cores are busy. */
const START_MS = 60_000;
const GRACE_MS = 100;
/** An input that has shown nothing by then is given up, however much it sends. */
const FIRST_PICTURE_MS = 20_000;
/** A file that takes longer is judged by what was read. */
const RECORDED_DEADLINE_MS = 60_000;
/** As the segmenter has it: what no steady stream does. */
const SILENCE_MS = 2000;
const SILENT_INTERVALS = 10;

/**
 * Watches one input for a few seconds and says what it is like, or what is wrong with it. Ends by itself in any case, the
 * process behind `facts` with it. Never rejects.
 */
export async function probeInput(options: ProbeInputOptions): Promise<ProbeResult> {
  const { input, mode, hide } = options;
  const base = { v: 1, input: hide(input.displayName) } as const;
  const collector = createCollector(mode);
  try {
    const end = await watch(options, collector);
    const measured = collector.measure();
    if (measured === undefined && end === 'stopped') return { ...base, state: 'stopped' };
    const fault = faultOf(end, collector, options);
    if (fault !== undefined) throw fault;
    if (measured === undefined) throw new PipelineError('corrupt', 'expected pictures, got none');
    const { first } = measured.damage;
    const result = {
      ...base,
      state: 'ok',
      transport: transportOf(input),
      ...measured,
      damage: { ...measured.damage, ...(first !== undefined && { first: hide(first) }) },
    } as const;
    const { maxFps, isForPeople = false } = options;
    const context = { mode, maxFps, isForPeople, isPicture: input.kind === 'image' };
    return { ...result, advice: adviceFor(result, context) };
  } catch (error) {
    return { ...base, ...failureOf(error, hide) };
  }
}

/** A probe that found out what is wrong, in the words of the error table. */
export function failureOf(error: unknown, hide: (text: string) => string) {
  const { code, detail } = toPipelineError(error);
  return { state: 'failed', error: { code, detail: hide(detail), remedy: ERRORS[code].remedy } } as const;
}

function transportOf({ kind, location, rtspTransport = 'tcp' }: Input): ProbeTransport {
  const isSecure = /^\w+s:/i.test(location);
  switch (kind) {
    case 'rtsp':
      return isSecure ? 'rtsps-tcp' : `rtsp-${rtspTransport}`;
    case 'http':
      return isSecure ? 'https' : 'http';
    case 'sdp':
      return 'rtp';
    case 'image':
      return 'file';
    default:
      return kind;
  }
}

/** Why watching came to an end: the source's own end, enough or too late, or from outside. */
type End = 'over' | 'watched' | 'stopped';

async function watch(options: ProbeInputOptions, collector: Collector): Promise<End> {
  const { mode, windowMs, facts, stop, scheduler = asyncScheduler } = options;
  /** How long may pass from here: until FFmpeg runs, until its first picture, until enough was seen. */
  const patienceMs = new BehaviorSubject(START_MS);
  const tooLate = patienceMs.pipe(
    switchMap((ms) => timer(ms, scheduler)),
    // What arrived while this process had no time to read it still counts.
    delay(GRACE_MS, scheduler),
  );
  const isEnough = () => collector.isFull || (mode === 'recorded' && collector.spanMs >= windowMs);
  let end: End = 'watched';
  await facts
    .pipe(
      tap({
        next(fact) {
          collector.add(fact);
          if (fact.kind === 'started') patienceMs.next(firstPictureMs(options));
          else if (fact.kind === 'frame' && collector.frameCount === 1)
            patienceMs.next(mode === 'live' ? windowMs : RECORDED_DEADLINE_MS);
        },
        complete: () => (end = 'over'),
      }),
      takeUntil(merge(stop.pipe(tap(() => (end = 'stopped'))), tooLate)),
      takeWhile(() => !isEnough()),
    )
    .forEach(() => undefined);
  return end;
}

/** A camera with key frames far apart is given the time it was asked to be watched for. */
function firstPictureMs({ windowMs }: ProbeInputOptions): number {
  return Math.max(FIRST_PICTURE_MS, windowMs);
}

/** What is wrong with an input that gave no error of its own; undefined when nothing is. */
function faultOf(end: End, collector: Collector, options: ProbeInputOptions): PipelineError | undefined {
  const { mode, windowMs, clock } = options;
  if (end === 'watched' && collector.frameCount === 0) {
    const packets = `${collector.packetCount} packets of video`;
    return new PipelineError(
      'timeout',
      `expected a picture within ${firstPictureMs(options) / 1000} s, got none (${packets})`,
    );
  }
  if (mode !== 'live') return undefined;
  if (end === 'over') {
    const gotS = (collector.spanMs / 1000).toFixed(1);
    return new PipelineError(
      'ended',
      `expected ${windowMs / 1000} s of pictures, got ${gotS} s before the source ended`,
    );
  }
  const silentMs = end === 'watched' ? clock.monotonicMs() - (collector.lastArrivedMs ?? 0) : 0;
  const intervalMs = collector.spanMs / Math.max(1, collector.frameCount - 1);
  if (silentMs <= Math.max(SILENCE_MS, SILENT_INTERVALS * intervalMs)) return undefined;
  const seconds = (silentMs / 1000).toFixed(1);
  return new PipelineError('timeout', `expected pictures all the time, got none for the last ${seconds} s`);
}

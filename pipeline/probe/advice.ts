import type { SourceMode } from '../../models/domain/frame';
import type { Advice, ProbeOk } from './result';

/** What an analysis does with the input. */
export interface AdviceContext {
  readonly mode: SourceMode;
  readonly isPicture: boolean;
  /** Frames a second that are looked at. */
  readonly maxFps: number;
  /** A camera's stream for people (`viewUrl`): every picture is decoded, none is looked at. Default false. */
  readonly isForPeople?: boolean;
}

/** An analysis of a camera begins, and begins anew after an outage, with a key frame. */
const LONG_GOP_MS = 5000;
/** More than 2560x1440. */
const LARGE_PX = 2560 * 1440;
/** A camera's rate may differ a little from what is looked at without costing anything worth a word. */
const RATE_TOLERANCE = 1.2;
const VARIABLE_RATIO = 1.5;
const MAX_DRIFT_MS = 1000;

const CLOCK = "check the camera's clock settings";
/** The first packet of RTSP has no pts of its own, and FFmpeg gives its picture that of a later one. */
const BACKWARD_OF_B_FRAMES = 'B-frames do that when a camera is joined';

type Measured = Omit<ProbeOk, 'advice'>;

/** What will hurt an analysis of this input, the worst first; empty when nothing will. */
export function adviceFor(measured: Measured, context: AdviceContext): readonly Advice[] {
  if (context.isPicture) return damageAdvice(measured);
  return [
    ...damageAdvice(measured),
    ...timeAdvice(measured),
    ...(context.mode === 'live' ? latencyAdvice(measured) : []),
    ...loadAdvice(measured, context),
    ...rateAdvice(measured, context),
  ];
}

function damageAdvice({ damage: { count } }: Measured): Advice[] {
  if (count === 0) return [];
  return [
    {
      code: 'damaged',
      text: `data could not be read or decoded ${times(count)}: check the network, or the file for a missing end`,
    },
  ];
}

function timeAdvice({ times: pts, video }: Measured): Advice[] {
  const found: Advice[] = [];
  if (pts.withoutPtsCount > 0)
    found.push({
      code: 'pts_missing',
      text: `${pts.withoutPtsCount} pictures have no pts: times of events will be guesses`,
    });
  if (pts.backwardCount > 0)
    found.push({
      code: 'pts_backward',
      text: `pts step back ${times(pts.backwardCount)}: tracks end there; ${video.hasBFrames ? BACKWARD_OF_B_FRAMES : CLOCK}`,
    });
  if (pts.standingCount > 0)
    found.push({
      code: 'pts_standing',
      text: `pts stand still ${times(pts.standingCount)}: tracks end there; ${CLOCK}`,
    });
  if (pts.gapCount > 0)
    found.push({
      code: 'pts_gaps',
      text: `pictures are missing ${times(pts.gapCount)}, for up to ${ms(pts.intervalMs?.max ?? 0)}: check the network and the camera's load`,
    });
  if (video.sizeCount > 1)
    found.push({
      code: 'size_changes',
      text: `the picture has ${video.sizeCount} sizes: tracks end at each change; set one size`,
    });
  if (Math.abs(pts.driftMs ?? 0) > MAX_DRIFT_MS)
    found.push({
      code: 'drift',
      text: `pts and wall time part by ${ms(Math.abs(pts.driftMs ?? 0))} within the probe: the camera sends too slowly or its clock is wrong`,
    });
  return found;
}

function latencyAdvice({ video: { gop, hasBFrames } }: Measured): Advice[] {
  const found: Advice[] = [];
  const gopMs = gop.isMeasured ? gop.ms : gop.longerThanMs;
  // A probe of five seconds ends an interval before them.
  if (gopMs > LONG_GOP_MS * (gop.isMeasured ? 1 : 0.9))
    found.push({
      code: 'long_gop',
      text: `${gop.isMeasured ? '' : 'at least '}${seconds(gopMs)} between key frames: each start waits that long for a picture; set 1 to 2 s`,
    });
  if (hasBFrames)
    found.push({
      code: 'b_frames',
      text: 'B-frames: each picture waits for later ones; switch them off (profile Baseline, or "low latency")',
    });
  return found;
}

function loadAdvice(
  { video: { width, height, codec } }: Measured,
  { mode, isForPeople = false }: AdviceContext,
): Advice[] {
  const found: Advice[] = [];
  if (width * height > LARGE_PX && !isForPeople)
    found.push({
      code: 'large_picture',
      text:
        `${width}x${height} is far more than the detector looks at, and decoding it costs: ` +
        (mode === 'live' ? "use the camera's substream" : 'a smaller copy would be analysed faster'),
    });
  if (codec === 'hevc')
    found.push({
      code: 'hevc',
      text: 'HEVC costs more to decode than H.264: choose H.264 where cores are short',
    });
  return found;
}

function rateAdvice(
  { video, times: pts }: Measured,
  { mode, maxFps, isForPeople = false }: AdviceContext,
): Advice[] {
  const { measuredFps, declaredFps } = video;
  const found: Advice[] = [];
  const { p5, p50, p95 } = pts.intervalMs ?? { p5: 1, p50: 1, p95: 1 };
  if (p95 > VARIABLE_RATIO * p50 || p50 > VARIABLE_RATIO * p5)
    found.push({
      code: 'variable_fps',
      text: `the frame rate varies (nine intervals in ten are ${ms(p5)} to ${ms(p95)}): set a constant rate`,
    });
  if (measuredFps === undefined) return found;
  if (declaredFps !== undefined && ratio(measuredFps, declaredFps) > RATE_TOLERANCE)
    found.push({
      code: 'fps_differs',
      text: `${fps(declaredFps)} frames a second are declared, ${fps(measuredFps)} come`,
    });
  if (mode === 'live' && !isForPeople && measuredFps > maxFps * RATE_TOLERANCE)
    found.push({
      code: 'fps_above_analysed',
      text: `${fps(measuredFps)} frames a second are decoded and ${fps(maxFps)} looked at (maxFps): a lower rate at the camera saves CPU`,
    });
  return found;
}

const ratio = (a: number, b: number) => Math.max(a / b, b / a);
const times = (count: number) => (count === 1 ? 'once' : `${count} times`);
const ms = (value: number) => `${Math.round(value)} ms`;
const seconds = (value: number) => `${(value / 1000).toFixed(1)} s`;
const fps = (value: number) => String(Math.round(value * 100) / 100);

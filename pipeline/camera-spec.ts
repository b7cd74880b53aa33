import { cameraInput, inputPlace } from '../config/camera-input';
import type { CameraConfig, MotionConfig } from '../config/schema';
import type { DetectorInfo } from '../models/domain/detect-port';
import { cameraId } from '../models/domain/frame';
import type { CameraId, SourceMode } from '../models/domain/frame';
import type { HardwareDecoder } from '../models/domain/hardware';
import type { Polygon } from '../models/domain/polygon';
import { redactUrl } from '../models/domain/redact';
import type { RuleSet } from '../operators/transforms/apply-rules';
import type { Input } from './inputs';

/** One camera, ready to be started: its input found, its settings checked, every default filled in. */
export interface CameraSpec extends Input {
  readonly id: CameraId;
  readonly mode: SourceMode;
  readonly isLooping: boolean;
  readonly isRealTime: boolean;
  /** Recorded: event time of pts 0, in milliseconds since 1970. */
  readonly startAtMs: number;
  /** Frames analysed a second of stream time; absent: every frame. */
  readonly maxFps?: number;
  /** Score from which a detection may begin a track. */
  readonly minScore: number;
  /** Labels wanted; absent: all of the model's. */
  readonly labels?: readonly string[];
  /** Parts of the picture that are blacked out before anything looks at it; absent: none. */
  readonly masks?: readonly Polygon[];
  /** Live: 0 to 9; the lowest give way first when there is too little time for all. */
  readonly priority: number;
  /** Which frames are left out because nothing moves in them; absent: none. */
  readonly motion?: MotionConfig;
  /** What is told of where objects are and how they move; absent: nothing. */
  readonly rules?: RuleSet;
  readonly maxLatencyMs: number;
  readonly resumeWindowMs: number;
  readonly inFlight: number;
  readonly updateIntervalMs: number;
  readonly track: { readonly confirmHits: number; readonly forgetAfterMs: number };
  /** Whether the best pictures of its tracks are kept, where there is a place for any. */
  readonly hasSnapshots: boolean;
  /** Where the annotated video goes. */
  readonly annotatePath?: string;
  readonly hwaccel?: HardwareDecoder;
  /** Live: the stream that is for people, where it is another. */
  readonly view?: Input;
  /** Takes what is secret out of FFmpeg's words before anything else has them. Default: credentials of URLs. */
  readonly hide?: (text: string) => string;
}

/** What decides which events a camera gives: no path, no credential, nothing of where events go. */
export function analysisOf(spec: CameraSpec): Record<string, unknown> {
  const { id, mode, startAtMs, folderFps, maxFps, minScore, labels, masks, motion, rules } = spec;
  const { resumeWindowMs, updateIntervalMs, track } = spec;
  const decoding = { id, mode, startAtMs, folderFps, maxFps, masks };
  return { ...decoding, motion, minScore, labels, resumeWindowMs, updateIntervalMs, track, rules };
}

/** Frames of one camera in the detector at once: a live one must stay current, a recorded one must keep all workers busy. */
const DEFAULT_IN_FLIGHT: Record<SourceMode, number> = { live: 2, recorded: 16 };

/** The rules of a camera, zones and lines in the order of their names; none for empty maps. */
function rulesOf({ zones = {}, lines = {}, stationary, speed }: CameraConfig): RuleSet | undefined {
  const sorted = <T extends object>(named: Readonly<Record<string, T>>) =>
    Object.entries(named)
      .map(([name, rule]) => ({ name, ...rule }))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  const rules = { zones: sorted(zones), lines: sorted(lines) };
  const isEmpty = rules.zones.length + rules.lines.length === 0;
  if (isEmpty && stationary === undefined && speed === undefined) return undefined;
  return { ...rules, ...(stationary !== undefined && { stationary }), ...(speed !== undefined && { speed }) };
}

function viewOf(url: string, { rtspTransport }: CameraConfig): Input {
  const place = inputPlace(url);
  return { ...place, displayName: redactUrl(url), ...(place.kind === 'rtsp' && { rtspTransport }) };
}

/** What a camera's configuration means for a detector. */
export function toCameraSpec(name: string, config: CameraConfig, detector: DetectorInfo): CameraSpec {
  const input = cameraInput(config);
  const { mode } = input;
  const {
    maxFps,
    labels,
    masks = [],
    priority,
    motion,
    maxLatencyMs,
    resumeWindowMs,
    updateIntervalMs,
    track,
    annotate,
  } = config;
  const rules = rulesOf(config);
  return {
    ...input,
    id: cameraId(name),
    displayName: redactUrl(config.url),
    maxFps,
    minScore: config.minScore ?? detector.defaultMinScore,
    ...(labels !== undefined && { labels }),
    // Their names decide nothing, and no masks are the same as an empty list.
    ...(masks.length > 0 && { masks: masks.map(({ points }) => points) }),
    priority,
    ...(motion !== undefined && { motion }),
    ...(rules !== undefined && { rules }),
    maxLatencyMs,
    resumeWindowMs,
    inFlight: config.inFlight ?? DEFAULT_IN_FLIGHT[mode],
    updateIntervalMs,
    track,
    hasSnapshots: config.snapshots,
    ...(annotate !== undefined && { annotatePath: annotate }),
    ...(config.hwaccel !== undefined && { hwaccel: config.hwaccel }),
    ...(config.viewUrl !== undefined && { view: viewOf(config.viewUrl, config) }),
  };
}

import type { DetectPort } from '../models/domain/detect-port';
import type { PipelineError } from '../models/domain/errors';
import { redact } from '../models/domain/redact';
import { decodeInput } from '../operators/sources/decode-input';
import { hardwareFallback } from '../operators/sources/hardware-fallback';
import { hideSecrets } from '../operators/sources/hide-secrets';
import type { CameraSpec } from './camera-spec';
import type { Input } from './inputs';
import type { Snapshots } from './snapshots';

/** What a decoder needs from outside. */
export interface DecoderDeps {
  readonly port: DetectPort;
  /** A recording was damaged; FFmpeg's words. */
  readonly onDamage: (detail: string) => void;
  /** The hardware that was to decode cannot; the CPU does. */
  readonly onHardwareFailed: (error: PipelineError) => void;
  readonly snapshots?: Snapshots | undefined;
}

/** Pictures of the source's own size that one camera may hold, in bytes. */
const VIEW_BUDGET_BYTES = 64 * 1024 * 1024;
/** Those of a stream apart wait for what is found at their time. */
export const APART_BUDGET_BYTES = 3 * VIEW_BUDGET_BYTES;
/** Buffers beside those in the detector: one waiting, one being filled, one on its way between. */
const SPARE_BUFFERS = 3;

/** Whether snapshots are kept of a camera. */
export const hasSnapshots = (spec: CameraSpec, { snapshots }: Pick<DecoderDeps, 'snapshots'>) =>
  snapshots !== undefined && spec.hasSnapshots;

/**
 * Who wants views of the stream that is looked at: a video, of all of its pictures, unless there is a stream apart; or snapshots, of those
 * that are looked at, also where one apart has larger ones, and may be down.
 */
export function viewsFor(
  spec: CameraSpec,
  deps: Pick<DecoderDeps, 'snapshots'>,
): 'video' | 'snapshots' | undefined {
  if (spec.annotatePath !== undefined && spec.view === undefined) return 'video';
  return hasSnapshots(spec, deps) ? 'snapshots' : undefined;
}

/**
 * One attempt after the other to decode a camera's stream; in hardware where that is asked for and works. The stream that is
 * looked at also gives the pictures for people, unless there is one apart.
 */
export function decoderOf(spec: CameraSpec, deps: DecoderDeps, stream: Input) {
  const { port, onDamage, onHardwareFailed } = deps;
  const { hwaccel, maxFps, view, hide = redact } = spec;
  const isApart = stream === view;
  const isViewSampled = isApart ? spec.annotatePath === undefined : viewsFor(spec, deps) === 'snapshots';
  const renditions = () => {
    if (isApart) return { view: { budgetBytes: APART_BUDGET_BYTES } };
    const detectBuffers = spec.inFlight + SPARE_BUFFERS;
    if (viewsFor(spec, deps) === undefined) return { detectBuffers };
    return { detectBuffers, view: { budgetBytes: VIEW_BUDGET_BYTES } };
  };
  const decode = (inHardware: boolean) =>
    decodeInput({
      request: {
        kind: stream.kind,
        location: stream.location,
        input: port.detector.input,
        isRealTime: spec.isRealTime || stream.kind === 'test',
        isViewSampled,
        ...(stream.rtspTransport !== undefined && { rtspTransport: stream.rtspTransport }),
        ...(maxFps !== undefined && { maxFps }),
        ...(inHardware && hwaccel !== undefined && { hwaccel }),
      },
      mode: spec.mode,
      onDamage: (detail) => onDamage(hide(detail)),
      ...(stream.folderFps !== undefined && { folderFps: stream.folderFps }),
      ...(spec.masks !== undefined && { masks: spec.masks }),
      ...renditions(),
    }).pipe(hideSecrets(hide));
  if (hwaccel === undefined) return () => decode(false);
  return hardwareFallback({ decode, onFallback: onHardwareFailed });
}

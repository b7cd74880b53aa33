import type { FrameLease } from '../../models/domain/frame';
import { PipelineError } from '../../models/domain/errors';
import type { Rendition, ShownFrame } from './showinfo';

/** A picture with what `showinfo` says of it. `lease` is undefined when no buffer was free for it. */
export interface MergedFrame {
  readonly shown: ShownFrame;
  readonly lease: FrameLease | undefined;
  /** The muxer's pts, for streams without their own. */
  readonly muxedPtsMs: number;
}

type Pixels = Omit<MergedFrame, 'shown'>;

/** Frames whose line came but whose pixels did not, or the other way round; FFmpeg's pipes hold far fewer. */
const MAX_WAITING = 4096;

/** Joins lines with pixels. */
export interface RenditionMerger {
  shown(frame: ShownFrame): void;
  pixels(rendition: Rendition, pixels: Pixels): void;
  /** Gives back what waits; nothing is emitted after it. */
  clear(): void;
}

/**
 * Joins the k-th `showinfo` line of a rendition with its k-th picture, and emits both renditions in the order of the
 * lines: FFmpeg pushes each source frame through the whole graph before the next, the detect branch first, so a view
 * frame follows every detect frame of the same or an earlier source frame.
 */
export function createRenditionMerger(emit: (frame: MergedFrame) => void): RenditionMerger {
  const lines: ShownFrame[] = [];
  const waiting: Record<Rendition, Pixels[]> = { detect: [], view: [] };

  function drain(): void {
    for (;;) {
      const shown = lines[0];
      if (shown === undefined) return;
      const pixels = waiting[shown.rendition].shift();
      if (pixels === undefined) return;
      lines.shift();
      emit({ shown, ...pixels });
    }
  }

  function checkBound(): void {
    if (lines.length <= MAX_WAITING && waiting.detect.length + waiting.view.length <= MAX_WAITING) return;
    throw new PipelineError(
      'corrupt',
      `decoded video: expected a line and a picture for each frame, ${MAX_WAITING} lack one`,
    );
  }

  return {
    shown(frame) {
      lines.push(frame);
      drain();
      checkBound();
    },
    pixels(rendition, pixels) {
      waiting[rendition].push(pixels);
      drain();
      checkBound();
    },
    clear() {
      lines.length = 0;
      for (const rendition of [waiting.detect, waiting.view]) {
        for (const { lease } of rendition.splice(0)) lease?.release();
      }
    },
  };
}

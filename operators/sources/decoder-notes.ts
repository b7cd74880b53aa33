/** What a decoder says beside its pictures. */
export type DecoderNote =
  /** The source has answered, and this is what it says it sends. */
  | { readonly note: 'opened'; readonly codec: string; readonly fps?: number }
  /** Data of a live source that could not be read or decoded; FFmpeg's words, credentials removed. */
  | { readonly note: 'damage'; readonly detail: string };

/** FFmpeg lists the streams of its input, then those of its output, each as `Stream #0:0: Video: h264 (Main), …`. */
const STREAM = /^\[info\]\s+Stream #0:\d+.*: Video: (\w+)/;
const RATE = /, (\d+(?:\.\d+)?) fps\b/;

/** What a source sends, as it says itself. */
export interface Announced {
  readonly codec: string;
  readonly fps?: number;
}

/**
 * Reads FFmpeg's stderr, line by line, for the first video stream, which stands there once the input was opened; undefined for
 * every other line.
 */
export function createStreamReader(): (line: string) => Announced | undefined {
  let isDone = false;
  return (line) => {
    if (isDone) return undefined;
    const codec = STREAM.exec(line)?.[1];
    if (codec === undefined) return undefined;
    isDone = true;
    const fps = Number(RATE.exec(line)?.[1]);
    return fps > 0 ? { codec, fps } : { codec };
  };
}

/** A stream of an input as FFmpeg describes it when it has opened it. */
export interface DeclaredStream {
  /** Its number within the input. */
  readonly index: number;
  readonly type: 'video' | 'audio';
  /** FFmpeg's name of the codec, such as `h264`. */
  readonly codec: string;
  /** Such as `High`; absent where the input does not tell before its first picture. */
  readonly profile?: string;
  /** Frames a second as the container or the camera says; absent where it does not. */
  readonly fps?: number;
}

/** One packet as it came, before it is decoded. */
export interface DumpedPacket {
  readonly index: number;
  readonly isKey: boolean;
  readonly byteLength: number;
}

/**
 * `Stream #0:1[0x2](eng): Video: …` of the only input; outputs are numbered too, but come after it. A file's metadata come in
 * lines that begin alike where it wants them to, but have one more `: ` after their name.
 */
const STREAM =
  /^\[info\] {3,5}Stream #0:(\d{1,4})(?:\[0x[0-9a-f]+\])?(?:\([^)]*\))?: (Video|Audio): ((?:(?!: ).)*)$/;

/**
 * Reads the lines in which FFmpeg describes the streams of its input; undefined for all others. What it repeats of its
 * outputs is left out.
 */
export function createStreamLineParser(): (line: string) => DeclaredStream | undefined {
  let isInput = false;
  return (line) => {
    if (line.startsWith('[info] Input #0')) isInput = true;
    else if (/^\[info\] (Output #|Stream mapping)/.test(line)) isInput = false;
    const found = isInput ? STREAM.exec(line) : null;
    if (found === null) return undefined;
    const [, index, type, text] = found as unknown as [string, string, 'Video' | 'Audio', string];
    // Names of FFmpeg's own tables; nothing that a file could choose.
    const [, codec, profile] = /^(\w+)(?: \(([\w .:+-]{1,40})\))?/.exec(text) ?? [];
    const [, rate, thousand] = /, (\d+(?:\.\d+)?)(k?) fps\b/.exec(text) ?? [];
    const fps = Number(rate) * (thousand === 'k' ? 1000 : 1);
    return {
      index: Number(index),
      type: type === 'Video' ? 'video' : 'audio',
      codec: codec ?? 'unknown',
      ...(profile !== undefined && { profile }),
      ...(fps > 0 && { fps }),
    };
  };
}

/** Reads what FFmpeg's option `-dump` prints of each packet in several lines; gives a packet with the last of them. */
export function createPacketDumpParser(): (line: string) => DumpedPacket | undefined {
  let index: number | undefined;
  let isKey = false;
  return (line) => {
    const [, stream, key, size] =
      /^\[info\] (?:stream #(\d{1,4}):| {2}keyframe=([01])| {2}size=(\d{1,10}))$/.exec(line) ?? [];
    if (stream !== undefined) index = Number(stream);
    else if (key !== undefined) isKey = key === '1';
    else if (size !== undefined && index !== undefined) {
      const packet = { index, isKey, byteLength: Number(size) };
      index = undefined;
      return packet;
    }
    return undefined;
  };
}

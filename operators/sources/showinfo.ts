import type { Size } from '../../models/domain/geometry';

/** The two forms in which FFmpeg hands out each picture. */
export type Rendition = 'detect' | 'view';

/** What FFmpeg's `showinfo` filter says of one frame, before scaling. */
export interface ShownFrame {
  readonly rendition: Rendition;
  /** Exact pts in milliseconds; undefined when the stream has none. */
  readonly ptsMs: number | undefined;
  readonly size: Size;
  /** Width : height of one pixel; `[1, 1]` also when unknown. */
  readonly sampleAspect: readonly [number, number];
  readonly isKey: boolean;
}

/**
 * Reads the lines of the filters `showinfo@detect<tag>` and `showinfo@view<tag>`; undefined for all others. It is the only way to see
 * a picture's own size after scaling, and its own pts after a muxer that forces them to grow.
 */
export function createShowinfoParser(tag = ''): (line: string) => ShownFrame | undefined {
  const head = `^\\[showinfo@(detect|view)${tag} @ [^\\]]*\\] (?:\\[info\\] )?`;
  const config = new RegExp(`${head}config in time_base: (\\d+)/(\\d+)`);
  const frame = new RegExp(
    `${head}n: *\\d+ pts: *(-?\\d+|NOPTS) .*? sar:(\\d+)/(\\d+) s:(\\d+)x(\\d+) .*?iskey:([01])`,
  );
  // Seconds a tick; multiplied before it is divided, so that pts on whole milliseconds stay whole.
  const timeBases: Record<Rendition, readonly [number, number]> = { detect: [0, 1], view: [0, 1] };
  return (line) => {
    if (!line.startsWith('[showinfo@')) return undefined;
    const shown = frame.exec(line);
    if (shown !== null) {
      const [, rendition, pts, sarNum, sarDen, width, height, key] = shown as unknown as [
        string,
        Rendition,
        ...string[],
      ];
      const [num, den] = timeBases[rendition];
      const sampleAspect = [Number(sarNum), Number(sarDen)] as const;
      return {
        rendition,
        ptsMs: pts === 'NOPTS' ? undefined : (Number(pts) * num * 1000) / den,
        size: { width: Number(width), height: Number(height) },
        sampleAspect: sampleAspect[0] > 0 && sampleAspect[1] > 0 ? sampleAspect : [1, 1],
        isKey: key === '1',
      };
    }
    const base = config.exec(line);
    if (base !== null) timeBases[base[1] as Rendition] = [Number(base[2]), Number(base[3])];
    return undefined;
  };
}

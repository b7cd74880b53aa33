import { PipelineError } from '../../../models/domain/errors';
import type { Size } from '../../../models/domain/geometry';
import type { Polygon } from '../../../models/domain/polygon';
import { createFrameMasker } from '../../../operators/sources/frame-masker';
import type { Rendition } from '../../../operators/sources/showinfo';
import { i420ByteLength } from '../../../operators/support/i420-painter';

const INPUT = { width: 416, height: 256 };
const WHOLE: Polygon = [
  [0, 0],
  [1, 0],
  [1, 1],
  [0, 1],
];

const shownOf = (rendition: Rendition, size: Size) => ({
  rendition,
  size,
  ptsMs: 0,
  sampleAspect: [1, 1] as const,
  isKey: true,
});

function leaseOf(byteLength: number) {
  return { pixels: new Uint8Array(byteLength).fill(200), retain: () => undefined, release: () => undefined };
}

/** Masks a picture that is wholly hidden, and gives the width and height of what became black. */
function blackIn(
  masker: ReturnType<typeof createFrameMasker>,
  rendition: Rendition,
  size: Size,
  buffer: Size,
) {
  const lease = leaseOf(i420ByteLength(buffer));
  masker({ shown: shownOf(rendition, size), lease });
  const luma = lease.pixels.subarray(0, buffer.width * buffer.height);
  const isBlack = (value: number) => value === 16;
  const width = luma.subarray(0, buffer.width).filter(isBlack).length;
  return { width, height: luma.filter(isBlack).length / width };
}

/** One side of a picture with the margin behind it. */
function reachOf(source: number, scaled: number): number {
  return Math.ceil(scaled + (scaled <= source ? 2 : (3.5 * scaled) / source));
}

describe('createFrameMasker', () => {
  it('hides the picture in the detect rendition where its own size puts it, through changes of size', () => {
    const masker = createFrameMasker({ polygons: [WHOLE], input: INPUT });
    const sizes: readonly (readonly [Size, Size])[] = [
      [{ width: 832, height: 512 }, INPUT],
      [
        { width: 256, height: 512 },
        { width: 128, height: 256 },
      ],
      [
        { width: 640, height: 480 },
        { width: 340, height: 256 },
      ],
      [
        { width: 101, height: 75 },
        { width: 344, height: 256 },
      ],
      [
        { width: 320, height: 16 },
        { width: 416, height: 20 },
      ],
      [
        { width: 2, height: 2 },
        { width: 256, height: 256 },
      ],
    ];
    for (const [size, content] of [...sizes, ...sizes]) {
      const [width, height] = [reachOf(size.width, content.width), reachOf(size.height, content.height)];
      expect(blackIn(masker, 'detect', size, INPUT)).toEqual({
        width: Math.min(width, INPUT.width),
        height: Math.min(height, INPUT.height),
      });
    }
  });

  it('hides all of the view, whose size stays that of the first picture, also when it is that of the detector', () => {
    const masker = createFrameMasker({ polygons: [WHOLE], input: INPUT });
    const later = { width: 640, height: 480 };
    expect(blackIn(masker, 'detect', INPUT, INPUT)).toEqual(INPUT);
    expect(blackIn(masker, 'view', INPUT, INPUT)).toEqual(INPUT);
    expect(blackIn(masker, 'detect', later, INPUT)).toEqual({ width: 342, height: 256 });
    expect(blackIn(masker, 'view', later, INPUT)).toEqual(INPUT);
  });

  it('knows the size of the view though its first picture found no buffer', () => {
    const masker = createFrameMasker({ polygons: [WHOLE], input: INPUT });
    const first = { width: 64, height: 48 };
    masker({ shown: shownOf('view', first), lease: undefined });
    expect(blackIn(masker, 'view', { width: 32, height: 48 }, first)).toEqual(first);
  });

  it.each(['detect', 'view'] as const)(
    'throws for a %s picture that is not of the size it is said to be',
    (rendition) => {
      const masker = createFrameMasker({ polygons: [WHOLE], input: INPUT });
      const lease = leaseOf(i420ByteLength({ width: 62, height: 48 }));
      const mask = () => masker({ shown: shownOf(rendition, { width: 64, height: 48 }), lease });
      expect(mask).toThrow(PipelineError);
      expect(mask).toThrow(/^corrupt: privacy masks: I420 picture of .*: expected \d+ bytes, got 4464$/);
    },
  );
});

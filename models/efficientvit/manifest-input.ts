import { z } from 'zod';

const name = z.string().min(1);
const count = z.int().positive();

/** How many frames one run takes. */
export const batchSchema = z
  .literal(['batch', 1])
  .describe('`batch`: the first dimension is free, any number of frames; 1: frames go through one by one.');

const size = {
  width: count.multipleOf(2).describe('Pixels; even, since I420 halves its chroma planes.'),
  height: count.multipleOf(2),
};

const i420 = z
  .strictObject({
    name,
    type: z.literal('uint8'),
    shape: z
      .tuple([batchSchema, count, count])
      .describe('Batch, height * 3 / 2, width: the planes of I420 below each other.'),
    ...size,
    pixelFormat: z.literal('i420'),
    colorMatrix: z.literal('bt601'),
    range: z.literal('limited'),
    resize: z.string().describe('For people: how a picture is fitted into the input.'),
    padValue: z.strictObject({
      y: z.int().min(0).max(255),
      u: z.int().min(0).max(255),
      v: z.int().min(0).max(255),
    }),
  })
  .describe('Frames as FFmpeg gives them; the graph converts them itself.');

const rgb = {
  name,
  shape: z
    .tuple([batchSchema, count, count, count])
    .describe('Batch, then 3, height, width (`nchw`) or height, width, 3 (`nhwc`).'),
  ...size,
  channelOrder: z.enum(['rgb', 'bgr']).default('rgb'),
  memoryOrder: z
    .enum(['nchw', 'nhwc'])
    .default('nchw')
    .describe('`nchw`: one plane a channel; `nhwc`: three values a pixel.'),
};

const three = z.tuple([z.number(), z.number(), z.number()]);
const positive = z.number().gt(0);

const rgb24 = z
  .strictObject({ ...rgb, type: z.literal('uint8'), pixelFormat: z.literal('rgb24') })
  .describe('Full range, 0 to 255; padding is 114.');

const rgbFloat = z
  .strictObject({
    ...rgb,
    type: z.enum(['float32', 'float16']),
    pixelFormat: z.literal('rgb-float'),
    scale: positive.default(1 / 255).describe('Factor of the levels 0 to 255.'),
    mean: three.optional().describe('Taken off after `scale`, of the channels in their order.'),
    std: z.tuple([positive, positive, positive]).optional().describe('What remains is divided by it.'),
  })
  .describe('(level * scale - mean) / std; padding is level 114.');

/** What a graph takes. Frames are I420 at this size everywhere; `pixels.ts` makes of them what the graph wants. */
export const inputSchema = z.discriminatedUnion('pixelFormat', [i420, rgb24, rgbFloat], {
  error: 'expected one of i420, rgb24, rgb-float',
});

/** The input of a checked manifest. */
export type ManifestInput = z.infer<typeof inputSchema>;

/** An input in RGB. */
export type RgbInput = Exclude<ManifestInput, { pixelFormat: 'i420' }>;

/** A fact that has to agree with another: `expected` begins with the right value, its grounds follow after a space. */
export interface Agreement {
  readonly path: string;
  readonly expected: string;
  readonly got: string;
}

/** What the shape of an input has to be. */
export function inputAgreements(input: ManifestInput): readonly Agreement[] {
  const { shape, width, height } = input;
  if (input.pixelFormat === 'i420') {
    return [
      { path: 'input.shape[1]', expected: `${(height * 3) / 2} (height * 3 / 2)`, got: `${shape[1]}` },
      { path: 'input.shape[2]', expected: `${width} (width)`, got: `${shape[2]}` },
    ];
  }
  const sides = [`${height} (height)`, `${width} (width)`];
  const channels = `3 (${input.memoryOrder})`;
  const expected = input.memoryOrder === 'nchw' ? [channels, ...sides] : [...sides, channels];
  return expected.map((value, axis) => ({
    path: `input.shape[${axis + 1}]`,
    expected: value,
    got: `${shape[axis + 1]}`,
  }));
}

import type { Size } from '../domain/geometry';
import { PipelineError } from '../domain/errors';
import { describeTensors } from '../efficientvit/signature';
import type { TensorInfo } from '../efficientvit/signature';

/** What a graph's only input tells of itself. Sides that it leaves open are undefined. */
export interface GuessedInput {
  readonly name: string;
  readonly type: 'uint8' | 'float32' | 'float16';
  readonly pixelFormat: 'i420' | 'rgb24' | 'rgb-float';
  readonly memoryOrder: 'nchw' | 'nhwc';
  /** Whether the number of frames is free; else it is one. */
  readonly isBatchFree: boolean;
  readonly width: number | undefined;
  readonly height: number | undefined;
}

const EXPECTED =
  'one picture: float32, float16 or uint8 of [batch, 3, height, width] or [batch, height, width, 3], ' +
  'or uint8 [batch, height * 3 / 2, width] of I420; a free batch or 1';

/** Tells what kind of picture a graph takes. Throws PipelineError `model`, which says what it takes, when it is none. */
export function guessInput(inputs: readonly TensorInfo[]): GuessedInput {
  const refuse = () =>
    new PipelineError('model', `input: expected ${EXPECTED}; got ${describeTensors(inputs)}`);
  const [input] = inputs;
  if (input === undefined || inputs.length > 1) throw refuse();
  const { name, type, shape } = input;
  const [batch, ...dims] = shape;
  if (type !== 'uint8' && type !== 'float32' && type !== 'float16') throw refuse();
  if (typeof batch !== 'string' && batch !== 1) throw refuse();
  const isBatchFree = typeof batch === 'string';
  const known = (dim: number | string | undefined) => (typeof dim === 'number' && dim > 0 ? dim : undefined);
  if (dims.length === 2 && type === 'uint8') {
    const rows = known(dims[0]);
    const height = rows === undefined ? undefined : (rows * 2) / 3;
    const form = { pixelFormat: 'i420', memoryOrder: 'nchw' } as const;
    return { name, type, ...form, isBatchFree, width: known(dims[1]), height };
  }
  const pixelFormat = type === 'uint8' ? 'rgb24' : 'rgb-float';
  if (dims.length === 3 && dims[0] === 3) {
    const [, height, width] = dims.map(known);
    return { name, type, pixelFormat, memoryOrder: 'nchw', isBatchFree, width, height };
  }
  if (dims.length === 3 && dims[2] === 3) {
    const [height, width] = dims.map(known);
    return { name, type, pixelFormat, memoryOrder: 'nhwc', isBatchFree, width, height };
  }
  throw refuse();
}

/** The shape of `frames` frames of a size for a guessed input. */
export function inputShape(
  { pixelFormat, memoryOrder }: Pick<GuessedInput, 'pixelFormat' | 'memoryOrder'>,
  { width, height }: Size,
): number[] {
  if (pixelFormat === 'i420') return [(height * 3) / 2, width];
  return memoryOrder === 'nchw' ? [3, height, width] : [height, width, 3];
}

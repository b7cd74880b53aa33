import { guessInput, inputShape } from '../../../models/onnx/guess-input';
import { fittingLayouts, usualLayouts } from '../../../models/onnx/guess-layout';
import type { TensorInfo } from '../../../models/efficientvit/signature';

const SIZE = { width: 640, height: 640 };

const tensor = (shape: readonly (number | string)[], type = 'float32', name = 'x'): TensorInfo => ({
  name,
  type,
  shape,
});

describe('guessInput', () => {
  it.each<[string, TensorInfo, object]>([
    [
      'Ultralytics, fixed',
      tensor([1, 3, 640, 480]),
      { pixelFormat: 'rgb-float', memoryOrder: 'nchw', isBatchFree: false, width: 480, height: 640 },
    ],
    [
      'Ultralytics, dynamic',
      tensor(['batch', 3, 'height', 'width']),
      { pixelFormat: 'rgb-float', isBatchFree: true, width: undefined, height: undefined },
    ],
    [
      'half precision',
      tensor([1, 3, 320, 320], 'float16'),
      { pixelFormat: 'rgb-float', type: 'float16', width: 320 },
    ],
    [
      'bytes by pixels',
      tensor(['n', 240, 320, 3], 'uint8'),
      { pixelFormat: 'rgb24', memoryOrder: 'nhwc', width: 320, height: 240 },
    ],
    [
      'I420',
      tensor(['batch', 384, 416], 'uint8'),
      { pixelFormat: 'i420', isBatchFree: true, width: 416, height: 256 },
    ],
  ])('knows %s', (_what, input, expected) => {
    const guess = guessInput([input]);
    expect(guess).toMatchObject(expected);
    const { width = 64, height = 32 } = guess;
    const sides = inputShape(guess, { width, height });
    expect(sides).toEqual(
      input.shape.slice(1).map((dim, axis) => (typeof dim === 'number' ? dim : sides[axis])),
    );
  });

  it.each<[string, TensorInfo[], string]>([
    ['none', [], 'none'],
    ['a batch of four', [tensor([4, 3, 640, 640])], 'x: float32[4, 3, 640, 640]'],
    ['one channel', [tensor([1, 1, 640, 640])], 'x: float32[1, 1, 640, 640]'],
    ['integers of another type', [tensor([1, 3, 640, 640], 'int8')], 'x: int8[1, 3, 640, 640]'],
    ['I420 of floats', [tensor([1, 384, 416])], 'x: float32[1, 384, 416]'],
    [
      'a second input',
      [tensor([1, 3, 640, 640]), tensor([1, 2], 'int64', 'sizes')],
      'sizes: int64[1, 2], x: float32[1, 3, 640, 640]',
    ],
  ])('refuses %s, and says what it is', (_what, inputs, got) => {
    expect(() => guessInput(inputs)).toThrow(
      new RegExp(`^model: input: expected one picture: .*; got ${got.replace(/[[\]]/g, '\\$&')}$`),
    );
  });
});

describe('the layout of outputs', () => {
  const guess = (outputs: readonly TensorInfo[], labels?: number, size = SIZE) =>
    usualLayouts(fittingLayouts(outputs, labels), size).map(
      ({ layout, classes }) => `${layout} ${classes ?? '?'}`,
    );

  it.each<[string, TensorInfo[], number | undefined, string[]]>([
    ['YOLOv8 of 80 labels', [tensor([1, 84, 8400])], 80, ['yolov8 80']],
    ['YOLOv8 of labels not known', [tensor([1, 84, 8400])], undefined, ['yolov8 80']],
    ['YOLOv8 of two labels', [tensor([1, 6, 8400])], undefined, ['yolov8 2']],
    ['YOLOv5 of 80 labels', [tensor([1, 25200, 85])], undefined, ['yolov5 80']],
    ['YOLOv5 of one label, by its number of boxes', [tensor([1, 25200, 6])], 1, ['yolov5 1']],
    ['an export with nms', [tensor([1, 300, 6])], 80, ['end2end ?']],
    ['an export with nms, of one label, by its number of boxes', [tensor([1, 300, 6])], 1, ['end2end ?']],
    [
      'ours',
      [tensor([1, 8400, 4], 'float32', 'b'), tensor([1, 8400, 11], 'float32', 's')],
      11,
      ['sightline 11'],
    ],
    [
      'ours with four labels, by the names',
      [tensor([1, 8400, 4], 'float32', 'scores'), tensor([1, 8400, 4], 'float32', 'boxes')],
      undefined,
      ['sightline 4'],
    ],
    ['RT-DETR, which is none of them', [tensor([1, 300, 84])], 80, []],
    ['other labels', [tensor([1, 84, 8400])], 20, []],
    ['a classifier', [tensor([1, 1000])], undefined, []],
    ['feature maps', [tensor([1, 255, 80, 80])], undefined, []],
    ['segmentation', [tensor([1, 116, 8400]), tensor([1, 32, 160, 160])], undefined, []],
    ['integers', [tensor([1, 84, 8400], 'int32')], undefined, []],
    ['what fits two and is usual for neither', [tensor([1, 5000, 6])], 1, ['yolov5 1', 'end2end ?']],
  ])('is known of %s', (_what, outputs, labels, expected) => {
    expect(guess(outputs, labels)).toEqual(expected);
  });

  it('takes the output called boxes for the boxes', () => {
    const [found] = fittingLayouts(
      [tensor([1, 9, 4], 'float32', 'scores'), tensor([1, 9, 4], 'float32', 'boxes')],
      4,
    );
    expect(found!.roles).toMatchObject({ boxes: { name: 'boxes' }, scores: { name: 'scores' } });
  });
});

import { readExportMetadata } from '../../../models/onnx/export-metadata';

describe('readExportMetadata', () => {
  it('reads what Ultralytics writes', () => {
    expect(
      readExportMetadata({
        description: 'Ultralytics YOLO11n model trained on coco.yaml',
        author: 'Ultralytics',
        license: 'AGPL-3.0 License (https://ultralytics.com/license)',
        stride: '32',
        task: 'detect',
        batch: '1',
        imgsz: '[384, 640]',
        names: `{0: 'person', 1: "driver's cab", 2: 'yes', 3: '007'}`,
        args: "{'batch': 1, 'nms': True}",
      }),
    ).toEqual({
      description: 'Ultralytics YOLO11n model trained on coco.yaml',
      license: 'AGPL-3.0 License (https://ultralytics.com/license)',
      task: 'detect',
      size: { width: 640, height: 384 },
      labels: ['person', "driver's cab", 'yes', '007'],
    });
  });

  it('reads the list of older YOLOv5 exports', () => {
    expect(readExportMetadata({ stride: '32', names: "['person', 'car']" })).toEqual({
      labels: ['person', 'car'],
    });
  });

  it.each([
    'person, car',
    '{}',
    "{1: 'person'}",
    "{0: 'person', 2: 'car'}",
    "{'a': 'person'}",
    '[1, 2]',
    '{0: ',
    '',
    '*x',
    '!!js/function "x"',
  ])('leaves out names that are none: %j', (names) => {
    expect(readExportMetadata({ names, imgsz: 'large' })).toEqual({});
  });

  it('does not begin to read names without end', () => {
    const names = `[${'a, '.repeat(100_000)}b]`;
    expect(readExportMetadata({ names, license: 'MIT' })).toEqual({ license: 'MIT' });
  });
});

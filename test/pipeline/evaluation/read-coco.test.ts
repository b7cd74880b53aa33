import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PipelineError } from '../../../models/domain/errors';
import { readCoco } from '../../../pipeline/evaluation/read-coco';
import { tempFolder } from '../../support/temp-folder';

const picture = { id: 1, file_name: 'a.jpg', width: 640, height: 480 };
const object = { id: 1, image_id: 1, category_id: 3, bbox: [1, 2, 3, 4], area: 12, iscrowd: 0 };
const whole = { images: [picture], annotations: [object], categories: [{ id: 3, name: 'car' }] };

describe('readCoco', () => {
  const path = join(tempFolder(), 'coco.json');
  const read = (content: unknown) => {
    writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
    return readCoco(path);
  };
  const refusalOf = async (content: unknown) => {
    const error = await read(content).catch((error: unknown) => error as PipelineError);
    return error instanceof PipelineError ? error.message.replace(path, 'FILE') : 'none';
  };

  it('gives pictures and categories by their ids, and takes what other programs leave out', async () => {
    const { pictures, annotations, categories } = await read({
      info: { year: 2026 },
      images: [{ id: 9, file_name: 'sub/b.jpg' }, picture],
      annotations: [
        { image_id: 9, category_id: 3, bbox: [0, 0, 1, 1] },
        { ...object, iscrowd: true, segmentation: [] },
      ],
      categories: [{ id: 7, name: 'bus', supercategory: 'vehicle' }, ...whole.categories],
    });
    expect(pictures.map(({ id }) => id)).toEqual([1, 9]);
    expect(categories).toEqual([
      { id: 3, name: 'car' },
      { id: 7, name: 'bus' },
    ]);
    expect(annotations).toEqual([
      { image_id: 9, category_id: 3, bbox: [0, 0, 1, 1] },
      { ...object, iscrowd: true },
    ]);
  });

  it.each([
    ['{"images": [', "corrupt: FILE: expected COCO's JSON, got "],
    [[], 'corrupt: FILE: the file: expected an object, got 0 values'],
    [{ ...whole, images: undefined }, 'corrupt: FILE: images: expected a list, got nothing'],
    [{ ...whole, images: [] }, 'corrupt: FILE: images: expected at least 1, got 0 values'],
    [{ ...whole, annotations: 5 }, 'corrupt: FILE: annotations: expected a list, got 5'],
    [{ ...whole, categories: undefined }, 'corrupt: FILE: categories: expected a list, got nothing'],
    [
      { ...whole, annotations: [object, { ...object, id: 2, bbox: undefined }] },
      'corrupt: FILE: annotations[1].bbox: expected 4 numbers, got nothing',
    ],
    [
      { ...whole, annotations: [{ ...object, bbox: [1, 2, 3] }] },
      'corrupt: FILE: annotations[0].bbox: expected at least 4, got 3 values',
    ],
    [
      { ...whole, annotations: [{ ...object, bbox: [1, 2, null, 4] }] },
      'corrupt: FILE: annotations[0].bbox[2]: expected a number, got null',
    ],
    [
      { ...whole, images: [{ ...picture, id: 'one' }] },
      'corrupt: FILE: images[0].id: expected a number, got "one"',
    ],
    [
      { ...whole, images: [{ ...picture, id: 1.5 }] },
      'corrupt: FILE: images[0].id: expected a whole number, got 1.5',
    ],
    [
      { ...whole, images: [{ ...picture, width: 0 }] },
      'corrupt: FILE: images[0].width: expected more than 0, got 0',
    ],
    [
      { ...whole, images: [picture, picture] },
      'corrupt: FILE: images[1].id: expected each once, got 1 again',
    ],
    [
      { ...whole, annotations: [object, object] },
      'corrupt: FILE: annotations[1].id: expected each once, got 1 again',
    ],
    [
      { ...whole, categories: [...whole.categories, { id: 3, name: 'bus' }] },
      'corrupt: FILE: categories[1].id: expected each once, got 3 again',
    ],
  ])('refuses %j', async (content, expected) => {
    expect(await refusalOf(content)).toContain(expected);
  });

  it.each([
    '../a.jpg',
    'sub/../../a.jpg',
    '/etc/a.jpg',
    'C:\\a.jpg',
    '\\\\host\\a.jpg',
    'a\0.jpg',
    '..\\a.jpg',
  ])('refuses the picture %j, which is out of the folder', async (file_name) => {
    expect(await refusalOf({ ...whole, images: [{ ...picture, file_name }] })).toBe(
      `corrupt: FILE: images[0].file_name: expected a path within the folder of pictures, got ${JSON.stringify(file_name)}`,
    );
  });

  it('takes a name with dots that leads nowhere', async () => {
    const { pictures } = await read({ ...whole, images: [{ ...picture, file_name: 'sub/a..b...jpg' }] });
    expect(pictures[0]!.file_name).toBe('sub/a..b...jpg');
  });

  it('names the first faults of many', async () => {
    const annotations = Array.from({ length: 9 }, (_, id) => ({ ...object, id, image_id: undefined }));
    const refusal = await refusalOf({ ...whole, annotations });
    expect(refusal).toContain('annotations[4].image_id: expected a number, got nothing; and 4 more');
    expect(refusal).not.toContain('annotations[5]');
  });

  it('says so when there is no file', async () => {
    await expect(readCoco(join(path, 'nothing.json'))).rejects.toThrow('not_found: ');
  });
});

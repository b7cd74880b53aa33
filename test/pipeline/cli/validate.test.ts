import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatFault } from '../../../config/config-error';
import { findConfigFaults } from '../../../pipeline/cli/validate';
import { tempFolder } from '../../support/temp-folder';

const folder = tempFolder();
const inFolder = (name: string) => join(folder, name);

async function faultsOf(lines: readonly string[], env: Record<string, string> = {}) {
  const path = inFolder('cameras.yaml');
  writeFileSync(path, lines.join('\n'));
  const faults = await findConfigFaults(path, env);
  return faults.map((fault) => formatFault(fault).replaceAll(folder, '~'));
}

describe('sightline validate', () => {
  beforeAll(() => {
    writeFileSync(inFolder('clip.mp4'), 'a video');
    writeFileSync(inFolder('empty.mp4'), '');
    mkdirSync(inFolder('folder.mp4'));
  });

  it('finds nothing in a configuration that can run', async () => {
    const lines = [
      'cameras:',
      '  a: { url: clip.mp4, labels: [person], annotate: new/video.mp4 }',
      '  b: { url: rtsp://h/s }',
      "events: [{ type: jsonl, path: events.jsonl }, { type: jsonl, path: '-' }, { type: redis, url: redis://h }]",
    ];
    expect(await faultsOf(lines)).toEqual([]);
  });

  it('lists in one go what the text, the schema, the model and the files say, in the order of the file', async () => {
    const lines = [
      'namespace: Lobby',
      'cameras:',
      '  Front Door:',
      '    url: gone.mp4',
      '    labels: [persom, "${LABEL}"]',
      '  gate: { url: clip.mp4, maxFps: 0 }',
      '  gate: { url: clip.mp4, labels: [zebra], annotate: out.mkv }',
      'events:',
      '  - { type: jsonl, path: none/events.jsonl, maxLen: 5 }',
    ];
    const labels =
      'expected one of person, bicycle, car, motorcycle, bus, truck, cat, dog, horse, sheep, cow';
    expect(await faultsOf(lines)).toEqual([
      '1:12: namespace: expected 1 to 32 of a-z, 0-9 and "-", not starting with "-", got "Lobby"',
      expect.stringMatching(/^3:3: cameras\["Front Door"\]: expected a name of 1 to 63/),
      '4:10: cameras["Front Door"].url: ~/gone.mp4: expected a file, found nothing there',
      `5:14: cameras["Front Door"].labels[0]: ${labels}, got "persom" (did you mean person?)`,
      '5:22: cameras["Front Door"].labels[1]: expected the environment variable LABEL, got none',
      '7:3: cameras.gate: expected each key once, got "gate" again',
      `7:35: cameras.gate.labels[0]: ${labels}, got "zebra"`,
      '7:53: cameras.gate.annotate: expected the path of a file that ends in .mp4, got "out.mkv"',
      '9:26: events[0].path: expected a file in a folder that exists, got "none/events.jsonl"',
      '9:45: events[0].maxLen: expected one of the keys type, path, append, got "maxLen"',
    ]);
  });

  it('tells where a mask is no polygon', async () => {
    const lines = [
      'cameras:',
      '  yard:',
      '    url: rtsp://h/s',
      '    masks:',
      '      - points: [[0, 0], [1, 0], [1, 1.5]]',
      '      - name: gate',
      '        points: [[0, 0], [1, 1], [1, 0], [0, 1]]',
    ];
    expect(await faultsOf(lines)).toEqual([
      '5:38: cameras.yard.masks[0].points[2][1]: expected a number from 0 to 1, got 1.5',
      '7:17: cameras.yard.masks[1].points: expected a polygon whose sides do not cross ' +
        '(points[0] to points[1] and points[2] to points[3] do), got a list of 4',
    ]);
  });

  describe('of the model', () => {
    const withModel = (name: string) => ['model:', `  name: ${name}`, '  maxBatch: 0', 'cameras: {}'];
    const others = [
      '3:13: model.maxBatch: expected a whole number from 1 to 64, got 0',
      '4:10: cameras: expected at least one camera, got an empty map',
    ];

    it('names an unknown one once, with what was meant, beside other faults', async () => {
      expect(await faultsOf(withModel('efficientvit-b0-416x265'))).toEqual([
        '2:9: model.name: expected efficientvit-b0-416x256 or efficientvit-b0-640x384 or the path of a manifest, ' +
          'got "efficientvit-b0-416x265" (did you mean efficientvit-b0-416x256?)',
        ...others,
      ]);
    });

    it('tells of a manifest that is missing or broken, without the code of the error', async () => {
      writeFileSync(inFolder('broken.json'), '{"layout":"sightline"}');
      writeFileSync(inFolder('other.json'), '{}');
      expect(await faultsOf(withModel('./gone.json'))).toEqual([
        expect.stringMatching(/^2:9: model\.name: ~\/gone\.json: expected a manifest, got ENOENT/),
        ...others,
      ]);
      expect(await faultsOf(withModel('broken.json'))).toEqual([
        expect.stringMatching(/^2:9: model\.name: ~\/broken\.json: .*sha256/),
        ...others,
      ]);
      expect(await faultsOf(withModel('other.json'))).toEqual([
        '2:9: model.name: ~/other.json: layout: expected one of sightline, yolov5, yolov8, end2end',
        ...others,
      ]);
    });

    it.each(['7', '""', '${NAME}'])('checks no name that is none: %s', async (name) => {
      expect(await faultsOf(withModel(name))).toEqual([
        expect.stringMatching(/^2:9: model\.name: expected (text|the environment variable)/),
        ...others,
      ]);
    });
  });

  describe('of files', () => {
    it.each([
      ['missing', 'gone.mp4', '~/gone.mp4: expected a file, found nothing there'],
      ['missing, as a URL', 'file:///none/a%20b.mp4', '/none/a b.mp4: expected a file, found nothing there'],
      ['empty', 'empty.mp4', '~/empty.mp4: expected a picture or video, got an empty file'],
      [
        'a folder',
        'folder.mp4',
        '~/folder.mp4: expected a file, got a folder (a folder of pictures is written with a slash at its end)',
      ],
      ['missing and secret', '${CLIP}', '${CLIP}: expected a file, found nothing there'],
    ])('tells of a recording that is %s', async (_what, url, told) => {
      const faults = await faultsOf(['cameras:', '  a:', `    url: ${url}`], { CLIP: '/none/hidden.mp4' });
      expect(faults).toEqual([`3:10: cameras.a.url: ${told}`]);
    });

    it.each([
      ['path: folder.mp4', 'events[0].path: expected the path of a file, not of a folder, got "folder.mp4"'],
      ['path: clip.mp4/x', 'events[0].path: expected a file in a folder that exists, got "clip.mp4/x"'],
      ['path: ""', 'events[0].path: expected text, got ""'],
    ])('tells of events that cannot be written to %s', async (path, told) => {
      const lines = ['cameras: { a: { url: rtsp://h/s } }', `events: [{ type: jsonl, ${path} }]`];
      expect(await faultsOf(lines)).toEqual([`2:31: ${told}`]);
    });

    it('tells of a video that cannot be written', async () => {
      const lines = ['cameras:', '  a: { url: clip.mp4, annotate: clip.mp4/a.mp4 }'];
      expect(await faultsOf([...lines, '  b: { url: clip.mp4, annotate: folder.mp4 }'])).toEqual([
        '2:33: cameras.a.annotate: expected a file in a folder that exists, got "clip.mp4/a.mp4"',
        '3:33: cameras.b.annotate: expected the path of a file, not of a folder, got "folder.mp4"',
      ]);
    });

    it('tells of an output that is an input, however both are written', async () => {
      const lines = ['cameras:', '  a:', '    url: clip.mp4', `    annotate: ${inFolder('clip.mp4')}`];
      expect(await faultsOf(lines)).toEqual([
        expect.stringMatching(/^4:15: cameras\.a\.annotate: expected another file than an input/),
      ]);
      symlinkSync(inFolder('clip.mp4'), inFolder('link.mp4'));
      const linked = await faultsOf([...lines.slice(0, 3), '    annotate: link.mp4']);
      rmSync(inFolder('link.mp4'));
      expect(linked).toEqual(['~/link.mp4: expected a file of its own to write, got an input']);
    });
  });

  it('says of a text that cannot be read no more than that', async () => {
    expect(await faultsOf(['cameras: ['])).toEqual([expect.stringMatching(/expected YAML, got a fault/)]);
    expect(await findConfigFaults(inFolder('none.yaml'))).toEqual([
      { path: '', message: 'expected a configuration file, got no such file' },
    ]);
  });
});

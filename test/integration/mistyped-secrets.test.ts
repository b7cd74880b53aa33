import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../models/support/package-root';
import { MAIN, PLAZA } from '../support/sightline';
import { tempFolder } from '../support/temp-folder';

describe('a password in a URL that is none', () => {
  const folder = tempFolder();

  /** What a command prints, which fails. */
  function failing(...args: readonly string[]): string {
    const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args], {
      cwd: folder,
      encoding: 'utf8',
    });
    expect(status).not.toBe(0);
    return stdout + stderr;
  }

  function fileOf(name: string, content: string): string {
    const path = join(folder, name);
    writeFileSync(path, content);
    return path;
  }

  it.each([
    [['detect', 'rtsp//admin:secretpw@cam/1']],
    [['run', 'rtsp//domain/admin:secretpw@cam/1']],
    [['run', 'a:secretpw@cam/1']],
    [['detect', PLAZA, '--model', 'http://u:secretpw@h/x.manifest.json']],
    [['probe', 'rtsp//a:secretpw@cam/1']],
  ])('is not printed by %j', (args) => {
    const said = failing(...args);
    expect(said).toMatch(/expected/);
    expect(said).not.toContain('secretpw');
  });

  it.each([
    ['a camera', 'cameras: { c1: { url: "rtsp//admin:secretpw@cam/1" } }'],
    ['a camera of a short user', 'cameras: { c1: { url: "a:secretpw@cam/1" } }'],
    [
      'a Redis',
      'cameras: { c1: { url: a.mp4 } }\nevents: [{ type: redis, url: "redis//u:secretpw@h/0", namespace: n }]',
    ],
    ['a model', 'model: { name: "http://u:secretpw@h/x.manifest.json" }\ncameras: { c1: { url: a.mp4 } }'],
  ])('is not printed where it stands in a configuration, as the URL of %s', (_what, text) => {
    const path = fileOf('c.yaml', text);
    for (const args of [
      ['validate', path],
      ['run', '--config', path],
    ]) {
      const said = failing(...args);
      expect(said).toMatch(/expected/);
      expect(said).not.toContain('secretpw');
    }
  });

  it('is not printed where it stands in a manifest, as the place of the weights', () => {
    const bundled = join(packageRoot, 'models/efficientvit/weights/efficientvit-b0-416x256.manifest.json');
    const manifest = JSON.parse(readFileSync(bundled, 'utf8')) as object;
    const file = 'https://user:secretpw@host/w.onnx';
    const path = fileOf('m.manifest.json', JSON.stringify({ ...manifest, file }));
    const said = failing('detect', PLAZA, '--model', path);
    expect(said).toMatch(/file: expected the path of weights, got the URL https:\/\/\*\*\*@host\/w\.onnx/);
    expect(said).not.toContain('secretpw');
  });

  it('is not printed where it stands for a picture that is to be judged, nor in the report', () => {
    mkdirSync(join(folder, 'pictures'), { recursive: true });
    execFileSync(
      'ffmpeg',
      ['-v', 'error', '-f', 'lavfi', '-i', 'color=size=64x64', '-frames:v', '1', 'pictures/a.png'],
      { cwd: folder },
    );
    const coco = {
      images: ['http:/u:secretpw@h/x.jpg', 'a.png'].map((file_name, at) => ({
        ...{ id: at + 1, file_name, width: 64, height: 64 },
      })),
      annotations: [{ id: 1, image_id: 1, category_id: 1, bbox: [1, 1, 5, 5], area: 25, iscrowd: 0 }],
      categories: [{ id: 1, name: 'person' }],
    };
    const path = fileOf('coco.json', JSON.stringify(coco));
    const said = failing('evaluate', '--data', path, '--images', join(folder, 'pictures'), '--json');
    expect(said).toContain('"file": "http:/u:***@h/x.jpg"');
    expect(said).not.toContain('secretpw');
  });
});

import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { cameraInput } from '../../config/camera-input';
import { checkAgainstModel } from '../../config/check-against-model';
import { loadConfig } from '../../config/load';
import { packageRoot } from '../../models/support/package-root';

const folder = join(packageRoot, 'config', 'examples');
const names = readdirSync(folder).filter((name) => name.endsWith('.yaml'));
const env = {
  FRONT_PASSWORD: 'p@ss/word',
  CAMERA_PASSWORD: 'p@ss/word',
  HOOK_SECRET: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
};
const manifest = join(packageRoot, 'models/efficientvit/weights/efficientvit-b0-416x256.manifest.json');
const { labels } = JSON.parse(readFileSync(manifest, 'utf8')) as { labels: string[] };

describe('the examples', () => {
  it('are all there', () => {
    expect(names).toEqual([
      'bridges.yaml',
      'file-as-camera.yaml',
      'file-to-jsonl.yaml',
      'four-cameras.yaml',
      'motion-gate.yaml',
      'one-rtsp-camera.yaml',
      'privacy-masks.yaml',
      'redis-events.yaml',
      'rules.yaml',
      'shared-cameras.yaml',
      'snapshots.yaml',
    ]);
  });

  it.each(names)('%s loads, with labels that the model knows and clips that exist', (name) => {
    const loaded = loadConfig(join(folder, name), env);
    expect(checkAgainstModel(loaded, labels)).toEqual([]);
    const inputs = Object.values(loaded.config.cameras).map(cameraInput);
    for (const { kind, location } of inputs) expect(kind === 'rtsp' || existsSync(location)).toBe(true);
  });

  it.each(names)('%s begins with a line that gives editors the schema, and says how to run it', (name) => {
    const text = readFileSync(join(folder, name), 'utf8');
    expect(text).toMatch(/^# yaml-language-server: \$schema=\.\.\/sightline\.schema\.json\n/);
    expect(text).toContain(`npx sightline run --config config/examples/${name}`);
  });

  it.each(names)('%s names in its comments every environment variable that it reads', (name) => {
    const text = readFileSync(join(folder, name), 'utf8');
    const comments = text.split('\n').filter((line) => line.startsWith('#'));
    const settings = text.split('\n').filter((line) => !line.startsWith('#'));
    const variables = [...settings.join('\n').matchAll(/\$\{(\w+)/g)].map(([, variable]) => variable);
    expect(variables.filter((variable) => !comments.join('\n').includes(variable!))).toEqual([]);
  });

  it('write no file that another of them writes', () => {
    const files = names.flatMap((name) => {
      const { cameras, events, bridges } = loadConfig(join(folder, name), env).config;
      const videos = Object.values(cameras).flatMap(({ annotate }) => annotate ?? []);
      const sinks = [...events, ...Object.values(bridges)];
      return [...videos, ...sinks.flatMap((sink) => (sink.type === 'jsonl' ? sink.path : []))];
    });
    const written = files.filter((path) => path !== '-');
    expect(written.length).toBeGreaterThan(0);
    expect(new Set(written).size).toBe(written.length);
  });
});

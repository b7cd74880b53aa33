import { fingerprintOf } from '../../../models/efficientvit/fingerprint';
import { loadManifest } from '../../../models/efficientvit/manifest';
import type { Manifest } from '../../../models/efficientvit/manifest';
import { foreignManifest } from './foreign';
import { MODEL, MODELS } from './support';

let manifest: Manifest;
beforeAll(async () => (manifest = await loadManifest(MODEL)));

const withThresholds = (change: Partial<Extract<Manifest, { layout: 'sightline' }>['thresholds']>) =>
  ({ ...manifest, thresholds: { ...manifest.thresholds, ...change } }) as Manifest;

describe('fingerprintOf', () => {
  it('is a SHA-256 that differs from model to model and does not depend on the order of keys', async () => {
    expect(fingerprintOf(manifest)).toMatch(/^[0-9a-f]{64}$/);
    expect(fingerprintOf(await loadManifest(MODELS[1]))).not.toBe(fingerprintOf(manifest));
    const reversed = Object.fromEntries(Object.entries(manifest).reverse()) as Manifest;
    expect(fingerprintOf(reversed)).toBe(fingerprintOf(manifest));
  });

  it.each<[string, () => Manifest]>([
    ['the weights', () => ({ ...manifest, sha256: 'ab'.repeat(32) })],
    ['the order of labels', () => ({ ...manifest, labels: [...manifest.labels].reverse() })],
    ['a label', () => ({ ...manifest, labels: ['human', ...manifest.labels.slice(1)] })],
    ['the input', () => ({ ...manifest, input: { ...manifest.input, width: 448 } })],
    ['the layout', () => ({ ...manifest, layout: 'yolov8' }) as unknown as Manifest],
    ['the lowest score', () => withThresholds({ floor: 0.1 })],
    ['suppression', () => withThresholds({ nmsIou: 0.7 })],
    ['how many are kept', () => withThresholds({ maxDetections: 10 })],
  ])('changes with %s', (_what, changed) => {
    expect(fingerprintOf(changed())).not.toBe(fingerprintOf(manifest));
  });

  it('does not depend on whether defaults are written out', () => {
    const plain = foreignManifest('yolov8');
    const written = (change: object) => fingerprintOf({ ...plain, input: { ...plain.input, ...change } });
    expect(plain.input).toMatchObject({ pixelFormat: 'rgb-float' });
    expect(written({ mean: [0, 0, 0], std: [1, 1, 1] })).toBe(fingerprintOf(plain));
    expect(written({ mean: [0.5, 0, 0] })).not.toBe(fingerprintOf(plain));
  });

  it.each<[string, () => Manifest]>([
    ['the name', () => ({ ...manifest, name: 'another' })],
    ['where the weights lie', () => ({ ...manifest, file: '/elsewhere.onnx' })],
    ['its origin', () => ({ ...manifest, origin: {} })],
    ['the score from which a detection counts', () => withThresholds({ score: 0.9 })],
    [
      'a text for people',
      () =>
        ({
          ...manifest,
          input: { ...manifest.input, resize: 'as it likes' },
          outputs: Object.fromEntries(
            Object.entries(manifest.outputs).map(([role, output]) => [
              role,
              { ...output, format: 'numbers' },
            ]),
          ),
        }) as Manifest,
    ],
    ['a fault that a test asks for', () => ({ ...manifest, fault: { kind: 'hang', afterFrames: 1 } })],
  ])('does not change with %s', (_what, changed) => {
    expect(fingerprintOf(changed())).toBe(fingerprintOf(manifest));
  });
});

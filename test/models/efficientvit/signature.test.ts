import { loadManifest } from '../../../models/efficientvit/manifest';
import { checkOutput, checkSignature } from '../../../models/efficientvit/signature';
import type { Signature, TensorInfo } from '../../../models/efficientvit/signature';
import { MODEL } from './support';

const frames: TensorInfo = { name: 'frames', type: 'uint8', shape: ['N', 384, 416] };
const boxes: TensorInfo = { name: 'boxes', type: 'float32', shape: ['N', 2184, 4] };
const scores: TensorInfo = { name: 'scores', type: 'float32', shape: ['N', 'unknown', 11] };
const graph: Signature = { inputs: [frames], outputs: [scores, boxes] };

describe('checkSignature', () => {
  it('accepts the graph of the manifest, with dimensions left open and outputs in any order', async () => {
    const manifest = await loadManifest(MODEL);
    expect(() => checkSignature(manifest, graph)).not.toThrow();
  });

  it.each<[string, Signature, string]>([
    [
      'another input size',
      { ...graph, inputs: [{ ...frames, shape: ['N', 576, 640] }] },
      'frames: expected uint8[batch, 384, 416], got uint8[N, 576, 640]',
    ],
    [
      'another type',
      { ...graph, inputs: [{ ...frames, type: 'float32' }] },
      'frames: expected uint8[batch, 384, 416], got float32[N, 384, 416]',
    ],
    [
      'a fixed batch',
      { ...graph, inputs: [{ ...frames, shape: [1, 384, 416] }] },
      'frames: expected uint8[batch, 384, 416], got uint8[1, 384, 416]',
    ],
    [
      'other labels',
      { ...graph, outputs: [boxes, { ...scores, shape: ['N', 2184, 80] }] },
      'scores: expected float32[batch, 2184, 11], got float32[N, 2184, 80]',
    ],
    [
      'an output too few',
      { ...graph, outputs: [boxes] },
      'outputs: expected boxes: float32[batch, 2184, 4], scores: float32[batch, 2184, 11], got boxes: float32[N, 2184, 4]',
    ],
    [
      'other names',
      { inputs: [{ ...frames, name: 'images' }], outputs: [boxes, { ...scores, shape: [] }] },
      'inputs: expected frames: uint8[batch, 384, 416], got images: uint8[N, 384, 416]; scores: expected float32[batch, 2184, 11], got float32[]',
    ],
  ])('refuses a graph with %s, with both values', async (_what, signature, message) => {
    const manifest = await loadManifest(MODEL);
    expect(() => checkSignature(manifest, signature)).toThrow(
      `model: ${manifest.file} against its manifest: ${message}`,
    );
  });
});

describe('checkOutput', () => {
  it('compares the shape of a run with the manifest', async () => {
    const manifest = await loadManifest(MODEL);
    if (manifest.layout !== 'sightline') throw new Error(`expected sightline, got ${manifest.layout}`);
    const expected = manifest.outputs.scores;
    expect(() => checkOutput(manifest, expected, { ...scores, shape: [2, 2184, 11] }, 2)).not.toThrow();
    expect(() => checkOutput(manifest, expected, { ...scores, shape: [2, 2184, 12] }, 2)).toThrow(
      'scores: expected float32[2, 2184, 11], got float32[2, 2184, 12]',
    );
  });
});

import './outer-realm';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createDetector } from '../../../models/efficientvit/detector';
import { loadManifest, verifyWeights } from '../../../models/efficientvit/manifest';
import { createSession } from '../../../models/efficientvit/session';
import { tempFolder } from '../../support/temp-folder';
import { MODEL, WEIGHTS, draftOf, readGolden, writeManifest } from './support';
import type { Draft } from './support';

describe('createSession', () => {
  const folder = tempFolder();

  async function open(providers: readonly string[], path: string = MODEL) {
    const manifest = await loadManifest(path);
    return createSession({ manifest, weights: await verifyWeights(manifest), providers, intraOpThreads: 1 });
  }

  it('falls back to the next provider and says what it tried before', async () => {
    const foreign = process.platform === 'darwin' ? 'dml' : 'coreml';
    const session = await open([foreign, 'quantum', 'cpu', 'webgpu']);
    expect(session.provider).toBe('cpu');
    expect(session.attempts).toEqual([
      { provider: foreign, error: expect.stringMatching(/^not in onnxruntime-node for .*, which has cpu/) },
      {
        provider: 'quantum',
        error: expect.stringMatching(/^expected one of tensorrt, cuda, webgpu, .*cuda:1/),
      },
    ]);
    await session.release();
  });

  // Only where there is no CUDA: with it, the first provider is the right answer.
  it('falls back from cuda to cpu in one clean line where its libraries are missing', async () => {
    const session = await open(['cuda', 'cpu']);
    if (session.provider === 'cpu') {
      expect(session.attempts).toHaveLength(1);
      expect(session.attempts[0]).toMatchObject({ provider: 'cuda' });
      expect(session.attempts[0]!.error).toMatch(/^.{10,400}$/);
      // The number is passed on: the same is missing for another device.
      const other = await open(['cuda:1', 'cpu']);
      expect(other.attempts).toEqual([{ provider: 'cuda:1', error: session.attempts[0]!.error }]);
      await other.release();
    } else {
      expect(session.attempts).toEqual([]);
    }
    await session.release();
  });

  it('rejects with all it tried when no provider is left', async () => {
    const foreign = process.platform === 'darwin' ? 'dml' : 'coreml';
    await expect(open([foreign, 'quantum'])).rejects.toMatchObject({
      code: 'model',
      message: expect.stringMatching(
        new RegExp(
          `${MODEL}\\.onnx: expected a provider that runs it, got ${foreign} \\(.*\\), quantum \\(expected one`,
        ),
      ),
    });
    await expect(open([])).rejects.toThrow('expected a provider that runs it, got none to try');
  });

  it('reads the frames anew at each run of one buffer', async () => {
    const session = await open(['cpu']);
    const buffer = new Uint8Array(2 * readGolden(MODEL, 0).pixels.length);
    const alone = [];
    for (const index of [0, 1, 0]) {
      buffer.set(readGolden(MODEL, index).pixels);
      alone.push(await session.run(buffer, 1));
    }
    expect(alone[2]).toEqual(alone[0]);
    expect(alone[1]).not.toEqual(alone[0]);
    await session.release();
    await session.release();
  });

  it('rejects a run that cannot be as inference', async () => {
    const session = await open(['cpu']);
    await expect(session.run(new Uint8Array(10), 1)).rejects.toMatchObject({ code: 'inference' });
    await session.release();
  });

  it.each<[string, (draft: Draft) => void, RegExp]>([
    [
      'the input of another size',
      (draft) => {
        draft.input.width = 640;
        draft.input.height = 384;
        draft.input.shape = ['batch', 576, 640];
      },
      /frames: expected uint8\[batch, 576, 640\], got uint8\[batch, 384, 416\]/,
    ],
    [
      'other anchors',
      (draft) => {
        draft.outputs.boxes.shape[1] = 5040;
        draft.outputs.scores.shape[1] = 5040;
      },
      /boxes: expected float32\[batch, 5040, 4\], got float32\[batch, 2184, 4\]/,
    ],
    [
      'a label more, which the graph shows only when it runs',
      (draft) => {
        draft.labels.push('giraffe');
        draft.outputs.scores.shape[2] = 12;
      },
      /scores: expected float32\[1, 2184, 12\], got float32\[1, 2184, 11\]/,
    ],
  ])('refuses a manifest that claims %s, and tries no other provider', async (_what, change, message) => {
    const path = writeManifest(folder, change);
    await expect(open(['cpu', 'coreml'], path)).rejects.toMatchObject({
      code: 'model',
      message: expect.stringMatching(message),
    });
    await expect(open(['cpu', 'coreml'], path)).rejects.toThrow(/^model: .*\.onnx against its manifest: /);
  });

  it('refuses weights that are no graph, though their hash is right', async () => {
    const bytes = readFileSync(join(WEIGHTS, `${MODEL}.onnx`)).subarray(0, 100_000);
    const file = join(folder, 'broken.onnx');
    writeFileSync(file, bytes);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const path = writeManifest(folder, (draft) => Object.assign(draft, { file, sha256 }));
    const manifest = await loadManifest(path);
    await expect(
      createDetector({ manifest, providers: ['cpu'], maxBatch: 1, intraOpThreads: 1 }),
    ).rejects.toMatchObject({
      code: 'model',
      message: expect.stringMatching(
        /broken\.onnx: expected a provider that runs it, got cpu \(.*[Pp]rotobuf/,
      ),
    });
    expect(draftOf(MODEL).sha256).not.toBe(sha256);
  });
});

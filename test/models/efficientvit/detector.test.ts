import './outer-realm';
import { createDetector, paddedBatch } from '../../../models/efficientvit/detector';
import type { Detector } from '../../../models/efficientvit/detector';
import { loadManifest, verifyWeights } from '../../../models/efficientvit/manifest';
import type { Manifest } from '../../../models/efficientvit/manifest';
import { createSession } from '../../../models/efficientvit/session';
import { tempFolder } from '../../support/temp-folder';
import { MODEL, MODELS, readGolden, writeManifest } from './support';

const CPU = { providers: ['cpu'], intraOpThreads: 1 };

const sum = (values: Float32Array) => values.reduce((total, value) => total + value, 0);

describe.each(MODELS)('%s', (model) => {
  let manifest: Manifest;
  let detector: Detector;

  beforeAll(async () => {
    manifest = await loadManifest(model);
    detector = await createDetector({ manifest, ...CPU, maxBatch: 3 });
  });
  afterAll(() => detector.dispose());

  it.each([0, 1, 2])('gives the outputs that Python got from golden frame %i', async (index) => {
    const { pixels, expected } = readGolden(model, index);
    const session = await createSession({ manifest, weights: await verifyWeights(manifest), ...CPU });
    const { boxes, scores } = await session.run(pixels, 1);
    await session.release();
    expect(sum(boxes!) / expected.sums.boxes).toBeCloseTo(1, 5);
    expect(sum(scores!) / expected.sums.scores).toBeCloseTo(1, 5);
    expect(scores!.reduce((most, score) => Math.max(most, score)) - expected.sums.maxScore).toBeCloseTo(0, 5);
  });

  it.each([0, 1, 2])('detects what Python detected in golden frame %i', async (index) => {
    const { pixels, expected } = readGolden(model, index);
    const { width, height } = manifest.input;
    detector.inputs.set(pixels);
    const [detections] = await detector.detect([{ width, height }]);
    const found = detections!.filter(({ score }) => score >= expected.scoreThreshold);
    expect(found.map(({ label }) => label)).toEqual(expected.detections.map(({ label }) => label));
    for (const [rank, { score, box }] of expected.detections.entries()) {
      expect(Math.abs(found[rank]!.score - score)).toBeLessThan(1e-4);
      const clipped = box.map((value, corner) => Math.min(Math.max(value, 0), corner % 2 ? height : width));
      for (const corner of [0, 1, 2, 3]) {
        expect(Math.abs(found[rank]!.box[corner]! - clipped[corner]!)).toBeLessThan(0.05);
      }
    }
  });

  it('leaves out what is below the least score wanted, and changes nothing above it', async () => {
    const source = { width: 768, height: 576 };
    detector.inputs.set(readGolden(model, 0).pixels);
    const [all] = await detector.detect([source]);
    const [wanted] = await detector.detect([{ ...source, minScore: 0.2 }]);
    expect(wanted).toEqual(all!.filter(({ score }) => score >= 0.2));
    expect(wanted!.length).toBeLessThan(all!.length);
  });

  it('gives each frame of a batch of three the very result it gets alone', async () => {
    const sources = [
      { width: 768, height: 576 },
      { width: 1920, height: 1080 },
      { width: 1080, height: 1920 },
    ];
    const singles = [];
    for (const [index, source] of sources.entries()) {
      detector.inputs.set(readGolden(model, index).pixels);
      singles.push(...(await detector.detect([source])));
    }
    for (const index of [0, 1, 2]) {
      detector.inputs.set(readGolden(model, index).pixels, index * detector.frameBytes);
    }
    const batch = await detector.detect(sources);
    expect(batch).toEqual(singles);
    expect(batch.map((detections) => detections.length)).not.toContain(0);
  });
});

describe('createDetector', () => {
  const folder = tempFolder();
  const source = { width: 416, height: 256 };

  async function create(fault?: object, maxBatch = 2): Promise<Detector> {
    const manifest = await loadManifest(
      fault ? writeManifest(folder, (draft) => (draft.fault = fault)) : MODEL,
    );
    const detector = await createDetector({ manifest, ...CPU, maxBatch });
    for (let frame = 0; frame < maxBatch; frame++) {
      detector.inputs.set(readGolden(MODEL, frame % 3).pixels, frame * detector.frameBytes);
    }
    return detector;
  }

  it('has room for its largest batch and takes no larger one, nor two at once', async () => {
    const detector = await create();
    expect(detector).toMatchObject({ provider: 'cpu', attempts: [], maxBatch: 2, frameBytes: 159_744 });
    expect(detector.inputs).toHaveLength(2 * 159_744);
    expect(await detector.detect([])).toEqual([]);
    await expect(detector.detect([source, source, source])).rejects.toThrow(
      'detect: expected at most 2 frames, got 3',
    );
    const first = detector.detect([source]);
    await expect(detector.detect([source])).rejects.toMatchObject({ code: 'inference' });
    expect(await first).toHaveLength(1);
    await detector.dispose();
    await detector.dispose();
    await expect(detector.detect([source])).rejects.toMatchObject({ code: 'inference' });
  });

  it.each([0, 1.5, Number.NaN])('refuses %p as its largest batch', async (maxBatch) => {
    const manifest = await loadManifest(MODEL);
    await expect(createDetector({ manifest, ...CPU, maxBatch })).rejects.toThrow(
      `createDetector: expected maxBatch to be a positive integer, got ${maxBatch}`,
    );
  });

  it('keeps its memory flat', async () => {
    const detector = await create();
    const sources = [source, source];
    const growthOf = async (runs: number) => {
      const before = process.memoryUsage().rss;
      for (let run = 0; run < runs; run++) await detector.detect(sources);
      return process.memoryUsage().rss - before;
    };
    await growthOf(100);
    // 100 runs give 52 MB of outputs.
    expect(await growthOf(100)).toBeLessThan(35e6);
    await detector.dispose();
  });

  it('answers as ever until a fault is due, then late and with nothing where the manifest wants that', async () => {
    const detector = await create({ kind: 'delay', afterFrames: 3, delayMs: 1, runsModel: false });
    const whole = await detector.detect([source, source]);
    expect(whole.map((detections) => detections.length > 0)).toEqual([true, true]);
    expect(await detector.detect([source])).toEqual(whole.slice(0, 1));
    expect(await detector.detect([source])).toEqual([[]]);
    expect(await detector.detect([source, source])).toEqual([[], []]);
    await detector.dispose();
  });

  it('detects as ever behind a mere delay', async () => {
    const [plain, late] = [await create(), await create({ kind: 'delay', afterFrames: 0, delayMs: 1 })];
    expect(await late.detect([source, source])).toEqual(await plain.detect([source, source]));
    await Promise.all([plain.dispose(), late.dispose()]);
  });
});

describe('paddedBatch', () => {
  it('is the next power of two', () => {
    expect([1, 2, 3, 4, 5, 8, 9, 16].map(paddedBatch)).toEqual([1, 2, 4, 4, 8, 8, 16, 16]);
  });
});

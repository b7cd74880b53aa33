import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Box } from '../../models/domain/geometry';
import { loadManifest } from '../../models/efficientvit/manifest';
import { packageRoot } from '../../models/support/package-root';
import { createLocalDetectPort } from '../../workers/local/local-detect-port';
import type { LocalDetectPortOptions, PoolEvent } from '../../workers/local/pool-types';
import { LOSSES_UNTIL_FALLBACK } from '../../workers/local/provider-choice';
import { foreignDraft } from '../models/efficientvit/foreign';
import { MAIN, PLAZA, startSightline } from '../support/sightline';
import { SWIFTSHADER_ENV, hasSwiftShader } from '../support/swiftshader';
import { tempFolder } from '../support/temp-folder';
import { waitFor } from '../support/wait-for';
import { copyModel, detectAll, inferencePids, poolOptions, recorded } from '../workers/support/pool-fixture';
import type { Fault } from '../workers/support/pool-fixture';

/** In every build of onnxruntime-node for the systems that the tests run on; what is to fail does so before it is touched. */
const PROVIDERS = ['webgpu', 'cpu'];
const TINY = join(packageRoot, 'test/fixtures/models/tiny-efficientvit.manifest.json');

describe('a pool whose first provider', () => {
  const folder = tempFolder();

  async function start(fault: Fault, options: Partial<LocalDetectPortOptions> = {}) {
    const manifest = await loadManifest(copyModel(folder, fault));
    const pool = poolOptions({ manifest, providers: PROVIDERS, ...options });
    return { port: await createLocalDetectPort(pool.options), events: pool.events };
  }

  const readyOf = (events: readonly PoolEvent[]) => events.filter((event) => event.kind === 'process_ready');

  it.each([
    ['crashes', 'crash', {}, /^inference process: expected ready, got its end \(SIGABRT\)/],
    // Longer than a process takes to load the model on a busy machine.
    ['hangs', 'hang', { startTimeoutMs: 15_000 }, /^inference process ready: expected within 15000 ms/],
    ['refuses', 'error', {}, /^refused, as the manifest asks for$/],
  ] as const)('%s while it loads the model goes on with the next', async (_what, by, options, error) => {
    const { port, events } = await start(
      { kind: 'load', provider: 'webgpu', by },
      { ...options, processes: 2 },
    );
    expect(readyOf(events)).toHaveLength(2);
    for (const event of readyOf(events)) {
      expect(event).toMatchObject({
        provider: 'cpu',
        attempts: [{ provider: 'webgpu', error: expect.stringMatching(error) }],
      });
    }
    const outcomes = await detectAll(port.open(recorded), 3);
    expect(outcomes.map(({ kind }) => kind)).toEqual(['detected', 'detected', 'detected']);
    await port.close();
    expect(inferencePids()).toEqual([]);
  });

  it.each(['crash', 'hang', 'error'] as const)('is its only one fails to start on %s', async (by) => {
    const starting = start(
      { kind: 'load', provider: 'webgpu', by },
      { providers: ['webgpu'], startTimeoutMs: 3000 },
    );
    await expect(starting).rejects.toMatchObject({ code: 'model' });
    expect(inferencePids()).toEqual([]);
  });

  it('crashes, and whose last is not to be had, says so of both', async () => {
    const starting = start(
      { kind: 'load', provider: 'webgpu', by: 'crash' },
      { providers: ['webgpu', 'coreml'] },
    );
    await expect(starting).rejects.toThrow(
      /got coreml \(not in onnxruntime-node for .*\); before it webgpu \(inference process: expected ready, got its end \(SIGABRT\)/,
    );
  });
});

describe('a command whose provider hangs while it loads the model', () => {
  const folder = tempFolder();
  const nowhere = 'redis://127.0.0.1:1';
  const ONE_PERSON = JSON.stringify({
    images: [{ id: 1, file_name: 'a.jpg', width: 64, height: 64 }],
    categories: [{ id: 1, name: 'person' }],
    annotations: [{ id: 1, image_id: 1, category_id: 1, bbox: [1, 1, 9, 9], area: 81, iscrowd: 0 }],
  });

  it.each([
    ['run', 0, ['run', PLAZA, '--output', '/dev/null']],
    ['detect', 0, ['detect', PLAZA]],
    ['evaluate', 1, ['evaluate', '--data', 'data.json', '--images', '.']],
    ['worker', 0, ['worker', '--queue', nowhere]],
  ] as const)('ends at the first signal: %s', async (_name, code, args) => {
    const model = copyModel(folder, { kind: 'load', provider: 'webgpu', by: 'hang' });
    const data = join(folder, 'data.json');
    writeFileSync(data, ONE_PERSON);
    const inFolder = args.map((arg) => (arg === 'data.json' ? data : arg));
    const run = startSightline(folder, [...inFolder, '--model', model, '--providers', 'webgpu']);
    await waitFor(() => run.processes().some(({ command }) => /inference/.test(command)), {
      what: 'the inference process',
      timeoutMs: 20_000,
    });
    run.child.kill('SIGTERM');
    expect(await run.ended).toBe(code);
    expect(run.processes()).toEqual([]);
    expect(run.stderr()).not.toContain('AbortError');
  });
});

describe('a detector that refuses every batch', () => {
  const folder = tempFolder();

  it('gets a new process after three in a row, which may do better', async () => {
    const manifest = await loadManifest(copyModel(folder, { kind: 'refuse', afterFrames: 2 }));
    const { options, events } = poolOptions({ manifest });
    const port = await createLocalDetectPort(options);
    const channel = port.open(recorded);
    const kinds: string[] = [];
    for (let frame = 0; frame < 5; frame++) kinds.push((await detectAll(channel, 1, frame))[0]!.kind);
    expect(kinds).toEqual(['detected', 'detected', 'failed', 'failed', 'failed']);
    await waitFor(() => port.stats().processes[0]!.restarts === 1 && port.stats().processes[0]!.isReady, {
      what: 'the new process',
    });
    const lost = events.filter((event) => event.kind === 'process_lost');
    expect(lost.map(({ error, lostFrames }) => [error.message, lostFrames])).toEqual([
      [expect.stringMatching(/expected a result, got 3 refusals in a row, the last .*refused, as/), 0],
    ]);
    expect((await detectAll(channel, 1, 5))[0]!.kind).toBe('detected');
    await port.close();
  });

  it('goes on with the next provider when new processes do no better, and loses no frame beside those refused', async () => {
    const fault = { kind: 'refuse', afterFrames: 0, provider: 'cpu' } as const;
    const manifest = await loadManifest(copyModel(folder, fault));
    // What comes next is not to be had here, which tells that it was tried.
    const { options, events } = poolOptions({ manifest, providers: ['cpu', 'coreml'] });
    const port = await createLocalDetectPort(options);
    const outcomes = detectAll(port.open(recorded), 16);
    const lost = () => events.filter((event) => event.kind === 'process_lost');
    await waitFor(() => lost().length === 4, { what: 'the fourth loss' });
    expect(lost().map(({ error, lostFrames }) => [error.message, lostFrames])).toEqual([
      ...Array.from({ length: 3 }, () => [expect.stringMatching(/got 3 refusals in a row/) as string, 0]),
      [expect.stringMatching(/^model: .*: expected a provider that runs it, got coreml \(/), 0],
    ]);
    expect(events.filter(({ kind }) => kind === 'frames_refused')).toHaveLength(9);
    await port.close();
    const reasons = (await outcomes).map((outcome) =>
      outcome.kind === 'failed' ? outcome.code : outcome.kind === 'dropped' ? outcome.reason : outcome.kind,
    );
    expect(reasons.filter((reason) => reason === 'inference')).toHaveLength(9);
    expect(reasons.filter((reason) => reason === 'worker_lost')).toEqual([]);
  });
});

(hasSwiftShader ? describe : describe.skip)('webgpu, by SwiftShader,', () => {
  interface Line {
    readonly frame: number;
    readonly detections: readonly { readonly label: string; readonly score: number; readonly box: Box }[];
  }

  function detect(provider: string): Line[] {
    const flags = ['--max-fps', '0.2', '--min-score', '0.05', '--batch', '1', '--processes', '1'];
    const text = execFileSync(
      process.execPath,
      [MAIN, 'detect', PLAZA, '--model', TINY, '--providers', provider, ...flags],
      { encoding: 'utf8', env: { ...process.env, ...SWIFTSHADER_ENV }, stdio: ['ignore', 'pipe', 'pipe'] },
    );
    return text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Line);
  }

  const folder = tempFolder();

  it('finds what the CPU finds', () => {
    const [cpu, webgpu] = [detect('cpu'), detect('webgpu')];
    expect(cpu.length).toBeGreaterThanOrEqual(4);
    expect(webgpu.map(({ frame }) => frame)).toEqual(cpu.map(({ frame }) => frame));
    for (const [index, { detections }] of cpu.entries()) {
      const others = webgpu[index]!.detections;
      expect(detections.length).toBeGreaterThan(3);
      expect(others.map(({ label }) => label)).toEqual(detections.map(({ label }) => label));
      for (const [rank, { score, box }] of detections.entries()) {
        expect(Math.abs(others[rank]!.score - score)).toBeLessThan(1e-3);
        for (const corner of [0, 1, 2, 3])
          expect(Math.abs(others[rank]!.box[corner]! - box[corner]!)).toBeLessThan(0.1);
      }
    }
  });

  it('goes on with the CPU when the driver crashes again and again at work', async () => {
    const model = join(folder, 'crashing.manifest.json');
    const fault = { kind: 'crash', afterFrames: 0, provider: 'webgpu' };
    writeFileSync(model, JSON.stringify({ ...foreignDraft('yolov8-i420'), fault }));
    const config = join(folder, 'crashing.json');
    writeFileSync(
      config,
      JSON.stringify({
        model: { name: model, providers: ['webgpu', 'cpu'], processes: 1, maxBatch: 1 },
        cameras: { plaza: { url: PLAZA, maxFps: 1 } },
      }),
    );
    const run = startSightline(folder, ['run', '--config', config, '--output', join(folder, 'out.jsonl')], {
      env: SWIFTSHADER_ENV,
    });
    expect(await run.ended).toBe(0);
    const lost = [...run.stderr().matchAll(/worker_lost: .*SIGABRT.*; (\d+) frames lost with it/g)];
    expect(lost).toHaveLength(LOSSES_UNTIL_FALLBACK);
    expect(run.stderr()).toMatch(/provider webgpu is not available: inference process: ended \(SIGABRT\)/);
    const [, looked, failed] = /plaza: \w+, (\d+) frames looked at.*, (\d+) failed/.exec(run.stderr()) ?? [];
    // 24 s, one picture a second, and the last.
    expect([Number(looked), Number(failed)]).toEqual([25 - LOSSES_UNTIL_FALLBACK, LOSSES_UNTIL_FALLBACK]);
  });
});

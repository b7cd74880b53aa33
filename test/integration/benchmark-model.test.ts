import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadManifest } from '../../models/efficientvit/manifest';
import type { BenchmarkReport } from '../../pipeline/cli/benchmark-report';
import { MAIN, killAll, startSightline } from '../support/sightline';
import type { SightlineRun } from '../support/sightline';
import { tempFolder } from '../support/temp-folder';
import { waitFor } from '../support/wait-for';

const SMALL = ['--model', 'efficientvit-b0-416x256'];

function benchmark(...flags: readonly string[]) {
  return spawnSync(process.execPath, [MAIN, 'benchmark-model', ...flags], { encoding: 'utf8' });
}

describe('sightline benchmark-model', () => {
  const folder = tempFolder();
  const runs: SightlineRun[] = [];
  afterAll(() => killAll(runs));

  it('measures each combination in a process of its own, and says why one cannot be measured', async () => {
    const flags = [...SMALL, '--batch', '1,2', '--providers', 'cpu,coreml,dml', '--seconds', '0.2', '--json'];
    const run = startSightline(folder, ['benchmark-model', ...flags]);
    runs.push(run);
    const inferences = () => run.processes().filter(({ command }) => command.includes('inference/main.js'));
    await waitFor(() => inferences().length === 2, { what: 'a process for each combination that can run' });
    expect(await run.ended).toBe(0);
    expect([run.processes(), run.files()]).toEqual([[], []]);

    const { host, frames, rows } = JSON.parse(run.stdout()) as BenchmarkReport;
    expect(host.runtime).toMatch(/^onnxruntime \d+\.\d+/);
    expect(host.cores).toBeGreaterThan(0);
    expect(frames).toEqual({ of: 'config/examples/clips/plaza.mp4', count: 16 });
    expect(rows.map(({ provider, batch }) => [provider, batch])).toEqual([
      ['cpu', 1],
      ['cpu', 2],
      ['coreml', 1],
      ['coreml', 2],
      ['dml', 1],
      ['dml', 2],
    ]);
    for (const row of rows) {
      if ('unavailable' in row) {
        expect(row.provider).not.toBe('cpu');
        expect(row.unavailable).toContain(`got ${row.provider} (`);
        continue;
      }
      const { msPerFrame, graphMs, postprocessMs, framesPerSecond, memoryBytes, batches } = row;
      // Two batches at least in each of five rounds.
      expect(batches).toBeGreaterThanOrEqual(10);
      expect(msPerFrame.p10).toBeLessThanOrEqual(msPerFrame.median);
      expect(msPerFrame.median).toBeLessThanOrEqual(msPerFrame.p90);
      expect(postprocessMs).toBeGreaterThan(0);
      expect(graphMs).toBeGreaterThan(postprocessMs);
      expect(framesPerSecond).toBeGreaterThan(0);
      expect(memoryBytes).toBeGreaterThan(30 * 2 ** 20);
    }
    expect(rows[0]).toMatchObject({ ratio: 1 });
  });

  it('prints a table, and takes its frames from a picture', () => {
    const picture = join(folder, 'grey.bmp');
    writeFileSync(picture, greyBitmap(64, 48));
    const { status, stdout } = benchmark(...SMALL, '--batch', '3', '--seconds', '0.1', '--input', picture);
    expect(status).toBe(0);
    expect(stdout).toContain(`1 frame of ${picture}`);
    expect(stdout).toMatch(/^efficientvit-b0-416x256 +416x256 +cpu +1 +3 +\d+\.\d\d +\d+\.\d\d-\d+\.\d\d/m);
    expect(stdout).toContain('ratio: ms/frame to that of the first row that ran');
  });

  it('fails when nothing can be measured', () => {
    const { status, stdout } = benchmark(...SMALL, '--batch', '1', '--providers', 'dml');
    expect(status).toBe(1);
    expect(stdout).toContain('efficientvit-b0-416x256 on dml: model: ');
  });

  it.each<[readonly string[], number, string]>([
    [['--providers', 'gpu'], 2, '--providers: expected one of tensorrt, cuda'],
    [['--batch', '0'], 2, '--batch: expected a whole number from 1 to 64, got "0"'],
    [['--batch', '1,,2'], 2, '--batch: expected names with commas between'],
    [['--threads', '1.5'], 2, '--threads: expected a whole number from 0 to 256'],
    [['--seconds', '0'], 2, '--seconds: expected a number from 0.1 to 3600'],
    [['--batch', '1,2,3,4,5,6', '--threads', '1,2,3'], 2, 'expected at most 32 rows, got 36'],
    [['--model', 'efficientvit-b9'], 2, 'model: expected efficientvit-b0-416x256'],
    [['--input', '/nowhere.mp4'], 1, 'not_found: /nowhere.mp4: expected a file, found nothing there'],
    [['--input', MAIN], 1, 'main.js: '],
  ])('refuses %j', (flags, exitCode, expected) => {
    const { status, stdout, stderr } = benchmark(...flags);
    expect([status, stdout]).toEqual([exitCode, '']);
    expect(stderr).toContain(expected);
  });

  it('compares nothing when it is interrupted, and leaves nothing behind', async () => {
    const run = startSightline(folder, ['benchmark-model', ...SMALL, '--batch', '1,2', '--seconds', '600']);
    runs.push(run);
    const inferences = () => run.processes().filter(({ command }) => command.includes('inference/main.js'));
    await waitFor(() => inferences().length === 2, { what: 'both processes' });
    run.interruptGroup();
    expect(await run.ended).toBe(1);
    expect(run.stdout()).toBe('');
    expect(run.stderr()).toContain('stopped before the end: nothing is compared');
    expect([run.processes(), run.files()]).toEqual([[], []]);
  });

  it('does not wait for a provider that hangs when it is interrupted', async () => {
    const { file, ...facts } = await loadManifest(SMALL[1]!);
    const hanging = join(folder, 'hanging.manifest.json');
    const fault = { kind: 'load', provider: 'cpu', by: 'hang' };
    writeFileSync(hanging, JSON.stringify({ ...facts, file, fault }));
    const run = startSightline(folder, ['benchmark-model', '--model', hanging, '--batch', '1']);
    runs.push(run);
    await waitFor(() => run.processes().some(({ command }) => command.includes('inference/main.js')), {
      what: 'the process',
    });
    run.interruptGroup();
    expect(await run.ended).toBe(1);
    expect(run.stderr()).toContain('stopped before the end: nothing is compared');
    expect([run.processes(), run.files()]).toEqual([[], []]);
  });
});

/** A picture without a library: 24 bits a pixel, rows a multiple of four bytes. */
function greyBitmap(width: number, height: number): Buffer {
  const rowBytes = Math.ceil((width * 3) / 4) * 4;
  const bitmap = Buffer.alloc(54 + rowBytes * height, 128);
  bitmap.fill(0, 0, 54);
  bitmap.write('BM', 0, 'latin1');
  bitmap.writeUInt32LE(bitmap.length, 2);
  bitmap.writeUInt32LE(54, 10);
  bitmap.writeUInt32LE(40, 14);
  bitmap.writeInt32LE(width, 18);
  bitmap.writeInt32LE(height, 22);
  bitmap.writeUInt16LE(1, 26);
  bitmap.writeUInt16LE(24, 28);
  return bitmap;
}

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PLAZA, killAll, startSightline } from '../support/sightline';
import type { SightlineRun } from '../support/sightline';
import { tempFolder } from '../support/temp-folder';

describe('a camera that is to be decoded in hardware', () => {
  const folder = tempFolder();
  const runs: SightlineRun[] = [];

  afterEach(() => killAll(runs.splice(0)));

  async function analyse(name: string, hwaccel: string): Promise<{ lines: string; stderr: string }> {
    const events = join(folder, `${name}.jsonl`);
    const config = join(folder, `${name}.yaml`);
    const camera = `{ url: ${PLAZA}, maxFps: 2${hwaccel} }`;
    writeFileSync(config, `cameras: { plaza: ${camera} }\nevents: [{ type: jsonl, path: ${events} }]\n`);
    const run = startSightline(folder, ['run', '--config', config]);
    runs.push(run);
    expect(await run.ended).toBe(0);
    return { lines: readFileSync(events, 'utf8'), stderr: run.stderr() };
  }

  it('is decoded by the CPU where there is none, with a warning and the same events', async () => {
    const plain = await analyse('plain', '');
    // VideoToolbox is Apple's: no machine that runs this test in Linux has it.
    const { lines, stderr } = await analyse('hardware', ', hwaccel: videotoolbox');
    expect(lines).toBe(plain.lines);
    expect(stderr).toMatch(/plaza: .*(no device|device setup failed).*: the CPU decodes/i);
    expect(plain.stderr).not.toContain('CPU decodes');
  });
});

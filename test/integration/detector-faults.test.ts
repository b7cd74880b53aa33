import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PLAZA, eventsOf, killAll, parseEvents, startSightline } from '../support/sightline';
import type { SightlineRun } from '../support/sightline';
import { tempFolder } from '../support/temp-folder';
import { copyModel } from '../workers/support/pool-fixture';
import type { Fault } from '../workers/support/pool-fixture';

/** The clip has 240 pictures, 10 a second; every third of them makes the runs short. */
const MAX_FPS = 3.3333;
const FRAMES = 80;

describe('a run whose detector', () => {
  const folder = tempFolder();
  const runs: SightlineRun[] = [];

  afterEach(() => killAll(runs.splice(0)));

  async function runWith(fault: Extract<Fault, { afterFrames: number }>, model: object) {
    const config = join(folder, `${fault.kind}-${fault.afterFrames}.json`);
    const name = copyModel(folder, fault);
    const cameras = { plaza: { url: PLAZA, maxFps: MAX_FPS, track: { confirmHits: 2 } } };
    writeFileSync(config, JSON.stringify({ model: { name, maxBatch: 2, ...model }, cameras }));
    const run = startSightline(folder, ['run', '--config', config]);
    runs.push(run);
    const code = await run.ended;
    expect(run.processes()).toEqual([]);
    expect(run.files()).toEqual([]);
    return { code, events: parseEvents(run.stdout()), ...countsIn(run.stderr()) };
  }

  it.each([
    ['crashes', { kind: 'crash', afterFrames: 20 }, { processes: 1 }],
    ['hangs', { kind: 'hang', afterFrames: 20 }, { processes: 2, inferenceTimeoutMs: 500 }],
  ] as const)('%s again and again loses only the frames in it and finishes', async (_name, fault, model) => {
    const { code, events, looked, failed, lostTold, replaced } = await runWith(fault, model);
    expect(code).toBe(0);
    // Nothing of a recording is dropped, so what was received is detected or failed.
    expect(looked + failed).toBe(FRAMES);
    expect(looked).toBeGreaterThanOrEqual(FRAMES * 0.75);
    expect(replaced).toBeGreaterThanOrEqual(2);
    expect([failed, lostTold]).toEqual([failed, failed]);
    expect(failed).toBeGreaterThanOrEqual(replaced);
    expect(failed).toBeLessThanOrEqual(replaced * 2);
    const started = eventsOf(events, 'track.started').map(({ data }) => data.trackId);
    const ended = eventsOf(events, 'track.ended').map(({ data }) => data.trackId);
    expect(started.length).toBeGreaterThanOrEqual(8);
    expect(ended.toSorted()).toEqual(started.toSorted());
  });

  it('crashes on every frame ends, as failed, without a single detection', async () => {
    const { code, events, looked, failed } = await runWith(
      { kind: 'crash', afterFrames: 0 },
      { processes: 1 },
    );
    expect(code).toBe(1);
    expect([looked, failed]).toEqual([0, FRAMES]);
    expect(events.map(({ type }) => type)).toEqual(['camera.online', 'camera.offline']);
  });
});

/** What a run told of its frames: the summary, the warning at the end, and those of processes that were replaced. */
function countsIn(stderr: string) {
  const [, looked] = /^plaza: \w+, (\d+) frames looked at/m.exec(stderr) ?? [];
  const [, failed = '0'] = /^plaza: .*, (\d+) failed,/m.exec(stderr) ?? [];
  const lost = [...stderr.matchAll(/^warn {2}worker_lost: .*; (\d+) frames lost with it$/gm)];
  const [, lostTold = '0'] = /plaza: (\d+) of \d+ frames were not looked at: worker_lost/.exec(stderr) ?? [];
  return {
    looked: Number(looked),
    failed: Number(failed),
    lostTold: Number(lostTold),
    replaced: lost.length,
  };
}

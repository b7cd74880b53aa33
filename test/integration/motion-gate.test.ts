import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import pino from 'pino';
import { defineConfig } from '../../config/define-config';
import type { ConfigInput } from '../../config/schema';
import type { SightlineEvent } from '../../models/domain/event';
import type { LedgerEntry } from '../../models/domain/ledger';
import { loadManifest } from '../../models/efficientvit/manifest';
import { packageRoot } from '../../models/support/package-root';
import { createJsonlSink } from '../../operators/sinks/jsonl-events';
import { toCameraSpec } from '../../pipeline/camera-spec';
import { startDetector } from '../../pipeline/detector';
import { createPipeline } from '../../pipeline/pipeline';
import type { CameraRun } from '../../pipeline/pipeline';
import { createTelemetry } from '../../pipeline/telemetry';
import { halfStill } from '../fixtures/half-still';
import { PLAZA, eventsOf, readEvents } from '../support/sightline';
import { tempFolder } from '../support/temp-folder';
import { waitFor } from '../support/wait-for';
import { MODEL } from '../workers/support/pool-fixture';

const ONE_BY_ONE = resolve(packageRoot, '../shared/clips/one-by-one-person.mp4');
type Camera = ConfigInput['cameras'][string];

interface Analysis {
  readonly events: readonly SightlineEvent[];
  readonly frames: LedgerEntry;
  readonly metrics: string;
}

describe('the motion gate', () => {
  const folder = tempFolder();
  /** People and what the detector takes for one; the clothes on the grass and the rock stay below this score. */
  const people = { labels: ['person'], minScore: 0.5 };
  let clip: string;
  let usual: Promise<Analysis> | undefined;
  let count = 0;

  beforeAll(async () => {
    clip = await halfStill(folder, PLAZA, { moving: 6, still: 12 });
  });

  /** Runs one camera until `until`, or to its end. */
  async function analyse(
    camera: Camera,
    model: ConfigInput['model'] = {},
    until: (run: CameraRun) => Promise<unknown> = (run) => run.done,
  ): Promise<Analysis> {
    const path = join(folder, `${count++}.jsonl`);
    const { config } = defineConfig({ model: { name: MODEL, ...model }, cameras: { yard: camera } });
    const telemetry = createTelemetry(pino({ level: 'silent' }));
    const port = await startDetector(config.model, await loadManifest(MODEL), telemetry);
    const pipeline = createPipeline({ port, sinks: [await createJsonlSink({ path })], telemetry });
    const run = pipeline.start(toCameraSpec('yard', config.cameras['yard']!, port.detector));
    let metrics: string;
    try {
      await until(run);
      metrics = await telemetry.registry.metrics();
    } finally {
      // Events are in the file when its sink has closed.
      await pipeline.close();
    }
    return { frames: (await run.done).frames, metrics, events: readEvents(path) };
  }

  /** Events without what tells the settings. */
  const told = ({ events }: Analysis) => events.map(({ id: _id, ...event }) => event);

  it('leaves out much of a recording that stands still in part, and no event', async () => {
    const camera = { url: clip, ...people };
    const plain = await analyse(camera);
    const gated = await analyse({ ...camera, motion: {} });
    expect(eventsOf(plain.events, 'track.started').length).toBeGreaterThanOrEqual(5);
    expect(told(gated)).toEqual(told(plain));
    expect(gated.events[0]!.id).not.toBe(plain.events[0]!.id);

    const { received, detected, dropped, inFlight } = gated.frames;
    expect([received, inFlight]).toEqual([180, 0]);
    expect(dropped).toEqual({ gated: received - detected });
    expect(dropped['gated']).toBeGreaterThan(received / 5);
  });

  it.each([
    [1, 1, 1],
    [3, 8, 16],
  ])(
    'looks at the same frames with %d processes, batches of %d and %d frames on their way',
    async (...numbers) => {
      const [processes, maxBatch, inFlight] = numbers;
      const camera = { url: clip, ...people, maxFps: 5, motion: { everyMs: 700, holdMs: 300 } };
      const one = await (usual ??= analyse(camera));
      const other = await analyse({ ...camera, inFlight }, { processes, maxBatch });
      expect(other.events).toEqual(one.events);
      expect(other.frames).toEqual(one.frames);
    },
  );

  it('does so while a looped clip stands still, and tracks what a run without it does', async () => {
    // Nothing is superseded or late, however busy this machine is.
    const camera = { url: clip, ...people, maxFps: 5 };
    const live = { ...camera, loop: true, inFlight: 64, maxLatencyMs: 60_000 };
    const plain = await analyse(camera);
    const { frames, metrics, events } = await analyse({ ...live, motion: {} }, {}, (run) =>
      waitFor(() => run.progress().frames.received > 92, { what: 'the second round', timeoutMs: 50_000 }),
    );
    const started = (all: readonly SightlineEvent[]) =>
      eventsOf(all, 'track.started').map(({ data: { label, ptsMs, box } }) => ({ label, ptsMs, box }));
    const tracks = started(plain.events);
    expect(started(events).slice(0, tracks.length)).toEqual(tracks);
    expect(Object.keys(frames.dropped)).toEqual(['gated']);
    expect(frames.dropped['gated']).toBeGreaterThan(15);
    expect(metrics).toMatch(
      /^sightline_frames_total\{camera="yard",outcome="dropped",reason="gated"\} \d\d/m,
    );
  });

  (existsSync(ONE_BY_ONE) ? it : it.skip)('finds everybody of people who pass one by one', async () => {
    const camera = { url: ONE_BY_ONE, maxFps: 5 };
    const plain = await analyse(camera);
    const gated = await analyse({ ...camera, motion: {} });
    const labels = ({ events }: Analysis) => eventsOf(events, 'track.started').map(({ data }) => data.label);
    expect(labels(gated)).toEqual(labels(plain));
    expect(gated.frames.dropped['gated']).toBeGreaterThan(0);
  });
});

import { join } from 'node:path';
import pino from 'pino';
import { defineConfig } from '../../config/define-config';
import { cameraId } from '../../models/domain/frame';
import type { LedgerEntry } from '../../models/domain/ledger';
import { loadManifest } from '../../models/efficientvit/manifest';
import { createJsonlSink } from '../../operators/sinks/jsonl-events';
import { toCameraSpec } from '../../pipeline/camera-spec';
import { startDetector } from '../../pipeline/detector';
import { createPipeline } from '../../pipeline/pipeline';
import type { Pipeline } from '../../pipeline/pipeline';
import { createTelemetry } from '../../pipeline/telemetry';
import { startRtspServer } from '../fixtures/rtsp-server';
import type { RtspServer } from '../fixtures/rtsp-server';
import { descendantsOf } from '../support/processes';
import { PLAZA, readEvents } from '../support/sightline';
import { tempFolder } from '../support/temp-folder';
import { waitFor } from '../support/wait-for';
import { MODEL, copyModel, scratchOf } from '../workers/support/pool-fixture';

describe('a running pipeline', () => {
  const folder = tempFolder();
  const eventsPath = join(folder, 'events.jsonl');
  const pipelines: Pipeline[] = [];
  let server: RtspServer;

  beforeAll(async () => {
    server = await startRtspServer({ video: PLAZA, reencode: false });
  });

  afterEach(async () => {
    await Promise.all(pipelines.splice(0).map((pipeline) => pipeline.close()));
  });

  afterAll(() => server.close());

  /** A pipeline of one inference process, and what makes cameras for it. */
  async function start(model: string) {
    const { config } = defineConfig({
      model: { name: model, processes: 1, maxBatch: 1 },
      cameras: { any: { url: server.url() } },
    });
    const telemetry = createTelemetry(pino({ level: 'silent' }));
    const port = await startDetector(config.model, await loadManifest(config.model.name), telemetry);
    const sinks = [await createJsonlSink({ path: eventsPath })];
    const pipeline = createPipeline({ port, sinks, telemetry });
    pipelines.push(pipeline);
    return {
      pipeline,
      metrics: () => telemetry.registry.metrics(),
      camera: (name: string) => toCameraSpec(name, config.cameras['any']!, port.detector),
    };
  }

  const detected = (...runs: readonly { progress(): { frames: LedgerEntry } }[]) =>
    Math.min(...runs.map((run) => run.progress().frames.detected));

  it('lets cameras come and go, one name again and again, while the others go on', async () => {
    const { pipeline, camera, metrics } = await start(MODEL);
    const a = pipeline.start(camera('a'));
    const b = pipeline.start(camera('b'));
    await waitFor(() => detected(a, b) >= 3, { what: 'frames of both' });
    expect(() => pipeline.start(camera('a'))).toThrow(
      'camera a: expected a name that is free, it is running',
    );
    const text = await metrics();
    for (const name of ['a', 'b']) {
      expect(text).toMatch(
        new RegExp(`^sightline_frames_total\\{camera="${name}",outcome="detected".*\\} [1-9]`, 'm'),
      );
    }

    await pipeline.stop(cameraId('a'));
    await pipeline.stop(cameraId('never-started'));
    const first = await a.done;
    expect(first.state).toBe('stopped');
    expectBalance(first.frames);
    expect([...pipeline.cameras.keys()]).toEqual(['b']);

    const before = detected(b);
    const again = pipeline.start(camera('a'));
    await waitFor(() => detected(again) >= 3 && detected(b) >= before + 3, { what: 'more frames of both' });
    await pipeline.close();
    for (const { state, frames } of await Promise.all([again.done, b.done])) {
      expect(state).toBe('stopped');
      expectBalance(frames);
    }
    expect(() => pipeline.start(camera('a'))).toThrow('expected it to be open');

    const events = readEvents(eventsPath);
    const statesOf = (name: string) =>
      events.flatMap(({ type, subject }) => (subject === name && type.startsWith('camera.') ? [type] : []));
    expect(statesOf('a')).toEqual(['camera.online', 'camera.offline', 'camera.online', 'camera.offline']);
    expect(statesOf('b')).toEqual(['camera.online', 'camera.offline']);
    expect(new Set(events.map(({ id }) => id)).size).toBe(events.length);
    expect(descendantsOf()).toEqual([]);
    expect(scratchOf()).toEqual([]);
  });

  it('gives up older frames for newer ones when the detector is too slow, and counts each', async () => {
    const { pipeline, camera } = await start(
      copyModel(folder, { kind: 'delay', afterFrames: 0, delayMs: 400 }),
    );
    const run = pipeline.start(camera('a'));
    await waitFor(() => (run.progress().frames.dropped['superseded'] ?? 0) >= 5, {
      what: 'superseded frames',
    });
    await pipeline.close();
    const { frames } = await run.done;
    expectBalance(frames);
    expect(frames.detected).toBeGreaterThan(0);
  });
});

function expectBalance({ received, detected, expired, dropped, failed, inFlight }: LedgerEntry): void {
  const sum = (counts: Readonly<Record<string, number>>) => Object.values(counts).reduce((a, b) => a + b, 0);
  expect(inFlight).toBe(0);
  expect(detected + expired + sum(dropped) + sum(failed)).toBe(received);
}

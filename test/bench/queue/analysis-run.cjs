// One analysis by the built pipeline, its detector in this process' children or behind a queue, measured from inside after
// WARM_UP frames. Prints one line of JSON.
// Usage: node analysis-run.cjs CLIP MODEL BATCH EVENTS.jsonl WARM_UP [REDIS_URL WORKER_PID REDIS_PID]
const { readFileSync, readdirSync } = require('node:fs');
const { join } = require('node:path');
const { setTimeout } = require('node:timers/promises');

const dist = join(__dirname, '..', '..', '..', 'dist');
const { defineConfig } = require(join(dist, 'config', 'define-config.js'));
const { systemClock } = require(join(dist, 'models', 'domain', 'clock.js'));
const { loadManifest, toDetectorInfo } = require(join(dist, 'models', 'efficientvit', 'manifest.js'));
const { toCameraSpec } = require(join(dist, 'pipeline', 'camera-spec.js'));
const { startDetector } = require(join(dist, 'pipeline', 'detector.js'));
const { createPipeline } = require(join(dist, 'pipeline', 'pipeline.js'));
const { openSinks } = require(join(dist, 'pipeline', 'sinks.js'));
const { createTelemetry } = require(join(dist, 'pipeline', 'telemetry.js'));
const { createLog } = require(join(dist, 'pipeline', 'cli', 'log.js'));
const { createQueueDetectPort } = require(join(dist, 'workers', 'queue', 'queue-detect-port.js'));

const POLL_MS = 50;

const PARTS = ['main', 'ffmpeg', 'inference', 'worker', 'redis'];

/**
 * User and system time of this process and what takes part, by part. FFmpeg's is also what this process has waited for.
 * Clock ticks are 10 ms on every Linux that Node runs on.
 */
function cpuMsByPart(workerPid, redisPid) {
  const sums = Object.fromEntries(PARTS.map((part) => [part, 0]));
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'latin1');
      const fields = stat
        .slice(stat.lastIndexOf(') ') + 2)
        .split(' ')
        .map(Number);
      const [pid, parent, ownMs] = [Number(name), fields[1], (fields[11] + fields[12]) * 10];
      if (pid === process.pid) {
        sums.main += ownMs;
        sums.ffmpeg += (fields[13] + fields[14]) * 10;
      } else if (pid === workerPid) sums.worker += ownMs;
      else if (pid === redisPid) sums.redis += ownMs;
      else if (parent === process.pid && stat.includes('(ffmpeg)')) sums.ffmpeg += ownMs;
      else if (parent === process.pid || parent === workerPid) sums.inference += ownMs;
    } catch {
      // It ended meanwhile.
    }
  }
  return sums;
}

async function main() {
  const [clip, model, batch, output, warmUp, url, ...pids] = process.argv.slice(2);
  const { config } = defineConfig({
    model: { name: model, maxBatch: Number(batch) },
    cameras: { clip: { url: clip, maxFps: 240 } },
    events: [{ type: 'jsonl', path: output }],
  });
  const write = (line) => process.stderr.write(`${line}\n`);
  const telemetry = createTelemetry(
    createLog({ format: 'text', level: 'warn', redact: (text) => text, write }),
  );
  const manifest = await loadManifest(model);
  const sinks = await openSinks(config);
  const detector = toDetectorInfo(manifest);
  const port =
    url === undefined
      ? await startDetector(config.model, manifest, telemetry)
      : await createQueueDetectPort({ url, namespace: 'sightline', detector, clock: systemClock });
  const pipeline = createPipeline({ port, sinks, telemetry });
  const camera = pipeline.start(toCameraSpec('clip', config.cameras.clip, detector));
  const reading = (frames = camera.progress().frames) => ({
    wallMs: performance.now(),
    frames: frames.detected,
    ...cpuMsByPart(...pids.map(Number)),
    sentJobs: port.stats().sentJobs ?? 0,
  });
  while (camera.progress().frames.detected < Number(warmUp)) await setTimeout(POLL_MS);
  const before = reading();
  const { state, after } = await camera.done.then((result) => ({ ...result, after: reading(result.frames) }));
  const each = (key) => (after[key] - before[key]) / (after.frames - before.frames);
  const { redisFrames = 0 } = port.stats();
  await pipeline.close();
  console.log(
    JSON.stringify({
      ...{ state, redisFrames, frames: after.frames - before.frames, framesPerSecond: 1000 / each('wallMs') },
      cpuMsPerFrame: Object.fromEntries(PARTS.map((part) => [part, each(part)])),
      meanJob: url === undefined ? 0 : 1 / each('sentJobs'),
    }),
  );
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});

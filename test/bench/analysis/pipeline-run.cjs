// One analysis by the built pipeline, as `sightline run` does it, measured from inside. Prints one line of JSON.
// Measures after WARM_UP frames, when V8 has compiled what runs often.
// Usage: node pipeline-run.cjs CLIP MODEL BATCH EVENTS.jsonl WARM_UP
const { readFileSync } = require('node:fs');
const { join } = require('node:path');
const { monitorEventLoopDelay } = require('node:perf_hooks');
const { setTimeout } = require('node:timers/promises');

const dist = join(__dirname, '..', '..', '..', 'dist');
const { defineConfig } = require(join(dist, 'config', 'define-config.js'));
const { loadManifest } = require(join(dist, 'models', 'efficientvit', 'manifest.js'));
const { toCameraSpec } = require(join(dist, 'pipeline', 'camera-spec.js'));
const { startDetector } = require(join(dist, 'pipeline', 'detector.js'));
const { createPipeline } = require(join(dist, 'pipeline', 'pipeline.js'));
const { openSinks } = require(join(dist, 'pipeline', 'sinks.js'));
const { createTelemetry } = require(join(dist, 'pipeline', 'telemetry.js'));
const { createLog } = require(join(dist, 'pipeline', 'cli', 'log.js'));

/** The histogram holds the time from sample to sample, so an idle loop shows this much. */
const SAMPLE_MS = 5;
const POLL_MS = 50;

/** User and system time from the text of a `stat` file, whose fields are counted from 1 as in proc(5). */
function cpuMsOf(stat, firstField) {
  // The first two fields are the number and the name, which may hold blanks.
  const fields = stat.slice(stat.lastIndexOf(') ') + 2).split(' ');
  // Clock ticks are 10 ms on every Linux that Node runs on.
  return (Number(fields[firstField - 3]) + Number(fields[firstField - 2])) * 10;
}

/** FFmpeg's, running or ended and waited for; the inference processes outlive the measurement. */
function ffmpegCpuMs() {
  const ended = cpuMsOf(readFileSync('/proc/self/stat', 'latin1'), 16);
  const children = readFileSync(`/proc/self/task/${process.pid}/children`, 'latin1').trim().split(' ');
  const stats = children.filter(Boolean).map((pid) => readFileSync(`/proc/${pid}/stat`, 'latin1'));
  return stats
    .filter((stat) => stat.includes('(ffmpeg)'))
    .reduce((sum, stat) => sum + cpuMsOf(stat, 14), ended);
}

function reading(camera, port, frames = camera.progress().frames) {
  const { user, system } = process.cpuUsage();
  const { processes } = port.stats();
  const sum = (key) => processes.reduce((total, process) => total + process[key], 0);
  return {
    wallMs: performance.now(),
    frames: frames.detected,
    mainMs: (user + system) / 1000,
    ffmpegMs: ffmpegCpuMs(),
    inferenceMs: sum('cpuMs'),
    batches: sum('batches'),
  };
}

async function main() {
  const [clip, model, batch, output, warmUp = '0'] = process.argv.slice(2);
  const { config } = defineConfig({
    model: { name: model, maxBatch: Number(batch) },
    cameras: { clip: { url: clip, maxFps: 240 } },
    events: [{ type: 'jsonl', path: output }],
  });
  const write = (line) => process.stderr.write(`${line}\n`);
  const telemetry = createTelemetry(
    createLog({ format: 'text', level: 'warn', redact: (text) => text, write }),
  );
  const sinks = await openSinks(config);
  const port = await startDetector(config.model, await loadManifest(model), telemetry);
  const pipeline = createPipeline({ port, sinks, telemetry });

  const camera = pipeline.start(toCameraSpec('clip', config.cameras.clip, port.detector));
  const delay = monitorEventLoopDelay({ resolution: SAMPLE_MS });
  while (camera.progress().frames.detected < Number(warmUp)) await setTimeout(POLL_MS);
  const before = reading(camera, port);
  delay.enable();
  const ended = camera.done.then((result) => ({ ...result, reading: reading(camera, port, result.frames) }));
  const { frames, state, reading: after } = await ended;
  delay.disable();
  const frameCount = after.frames - before.frames;
  const each = (key) => (after[key] - before[key]) / frameCount;
  await pipeline.close();
  console.log(
    JSON.stringify({
      state,
      frames: frames.detected,
      framesPerSecond: 1000 / each('wallMs'),
      meanBatch: 1 / each('batches'),
      processes: port.stats().processes.length,
      eventLoopDelayP99Ms: delay.percentile(99) / 1e6 - SAMPLE_MS,
      cpuMsPerFrame: { main: each('mainMs'), ffmpeg: each('ffmpegMs'), inference: each('inferenceMs') },
    }),
  );
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});

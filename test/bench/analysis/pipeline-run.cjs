// One analysis by the built pipeline, as `sightline run` does it, measured from inside. Prints one line of JSON.
// Usage: node pipeline-run.cjs CLIP MODEL BATCH EVENTS.jsonl
const { readFileSync } = require('node:fs');
const { join } = require('node:path');
const { monitorEventLoopDelay } = require('node:perf_hooks');

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

/** CPU milliseconds of children that ended and were waited for: FFmpeg, while the inference processes live. */
function endedChildrenCpuMs() {
  const fields = readFileSync('/proc/self/stat', 'latin1').split(') ')[1].split(' ');
  // Clock ticks are 10 ms on every Linux that Node runs on.
  return (Number(fields[13]) + Number(fields[14])) * 10;
}

async function main() {
  const [clip, model, batch, output] = process.argv.slice(2);
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

  const delay = monitorEventLoopDelay({ resolution: SAMPLE_MS });
  const cpuBefore = process.cpuUsage();
  const childrenBefore = endedChildrenCpuMs();
  const inferenceBefore = port.stats().processes.map(({ cpuMs }) => cpuMs);
  delay.enable();
  const startedMs = performance.now();
  const { frames, state } = await pipeline.start(toCameraSpec('clip', config.cameras.clip, port.detector))
    .done;
  const wallMs = performance.now() - startedMs;
  delay.disable();
  const { user, system } = process.cpuUsage(cpuBefore);
  const { processes } = port.stats();
  const sum = (values) => values.reduce((total, value) => total + value, 0);
  const frameCount = frames.detected;
  const cpuMsPerFrame = {
    main: (user + system) / 1000 / frameCount,
    ffmpeg: (endedChildrenCpuMs() - childrenBefore) / frameCount,
    inference: sum(processes.map(({ cpuMs }, at) => cpuMs - inferenceBefore[at])) / frameCount,
  };
  const batches = sum(processes.map(({ batches: count }) => count));
  await pipeline.close();
  console.log(
    JSON.stringify({
      state,
      frames: frameCount,
      received: frames.received,
      framesPerSecond: (frameCount * 1000) / wallMs,
      meanBatch: frameCount / batches,
      processes: processes.length,
      eventLoopDelayP99Ms: delay.percentile(99) / 1e6 - SAMPLE_MS,
      cpuMsPerFrame,
    }),
  );
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});

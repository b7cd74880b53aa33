// The bound's half of the detector: onnxruntime-node alone, importing nothing of ours. Prints CPU milliseconds a frame.
// Usage: node bare-session.cjs MODEL.onnx FRAME.i420 BATCH FRAMES
const { readFileSync } = require('node:fs');
const ort = require('onnxruntime-node');

// As models/efficientvit/session.ts: no usage data to Microsoft.
process.env.ORT_DISABLE_TELEMETRY ??= '1';

async function main() {
  const [model, framePath, batchText, framesText] = process.argv.slice(2);
  const batch = Number(batchText);
  const frame = readFileSync(framePath);
  const session = await ort.InferenceSession.create(model, {
    executionProviders: ['cpu'],
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    graphOptimizationLevel: 'all',
  });
  const [height, width] = session.inputMetadata[0].shape.slice(1);
  const pixels = new Uint8Array(batch * frame.length);
  for (let at = 0; at < batch; at++) pixels.set(frame, at * frame.length);
  const feeds = { frames: new ort.Tensor('uint8', pixels, [batch, height, width]) };
  for (let run = 0; run < 5; run++) await session.run(feeds);
  const runs = Math.ceil(Number(framesText) / batch);
  const before = process.cpuUsage();
  for (let run = 0; run < runs; run++) await session.run(feeds);
  const { user, system } = process.cpuUsage(before);
  console.log(JSON.stringify({ cpuMsPerFrame: (user + system) / 1000 / (runs * batch) }));
}

void main();

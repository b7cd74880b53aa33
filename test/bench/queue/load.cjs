// Sends golden frames through a queue port, at a rate or as fast as they are taken, and measures from inside. Prints one
// line of JSON. Usage: node load.cjs '{"url":…,"manifest":…,"store":"auto","cameras":1,"rate":0,"frames":1000,…}'
const { readFileSync, readdirSync } = require('node:fs');
const { join } = require('node:path');

const root = join(__dirname, '..', '..', '..');
const dist = join(root, 'dist');
const { systemClock } = require(join(dist, 'models', 'domain', 'clock.js'));
const { loadManifest, toDetectorInfo } = require(join(dist, 'models', 'efficientvit', 'manifest.js'));
const { createQueueDetectPort } = require(join(dist, 'workers', 'queue', 'queue-detect-port.js'));

/** User and system time of some processes and their children. Clock ticks are 10 ms on every Linux that Node runs on. */
function cpuMsOf(pids) {
  const wanted = new Set(pids);
  const stats = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const stat = readFileSync(`/proc/${name}/stat`, 'latin1');
        const fields = stat.slice(stat.lastIndexOf(') ') + 2).split(' ');
        return {
          pid: Number(name),
          parent: Number(fields[1]),
          ms: (Number(fields[11]) + Number(fields[12])) * 10,
        };
      } catch {
        return [];
      }
    });
  return stats
    .filter(({ pid, parent }) => wanted.has(pid) || wanted.has(parent))
    .reduce((sum, { ms }) => sum + ms, 0);
}

const quantile = (sorted, part) => sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))];

async function main() {
  const options = JSON.parse(process.argv[2]);
  const {
    url,
    manifest,
    store,
    cameras,
    inFlight = 64,
    rate,
    frames,
    warmUp,
    workerPids,
    redisPid,
    workers,
  } = options;
  const detector = toDetectorInfo(await loadManifest(manifest));
  const pixels = readFileSync(join(root, 'test/golden/detector/efficientvit-b0-416x256.0.i420'));
  const port = await createQueueDetectPort({
    url,
    namespace: 'sightline',
    detector,
    clock: systemClock,
    store,
  });
  while (port.stats().capacity.workers < workers) await new Promise((resolve) => setTimeout(resolve, 50));
  const channels = Array.from({ length: cameras }, (_, index) =>
    port.open({ cameraId: `camera-${index}`, mode: 'recorded', inFlight, maxLatencyMs: 0 }),
  );
  const latencies = [];
  let sent = 0;
  let settled = 0;
  let failed = 0;
  let first;

  function reading() {
    const { user, system } = process.cpuUsage();
    return {
      wallMs: performance.now(),
      settled,
      mainMs: (user + system) / 1000,
      workersMs: cpuMsOf(workerPids),
      redisMs: cpuMsOf([redisPid]),
      ...port.stats(),
    };
  }

  function send() {
    const index = sent++ % cameras;
    const seq = sent;
    const startMs = performance.now();
    const frame = {
      kind: 'frame',
      info: {
        ...{ cameraId: `camera-${index}`, mode: 'recorded', segment: { epoch: 0, isResumed: false } },
        ...{ seq, ptsMs: seq * 40, atMs: seq * 40, source: { width: 416, height: 256 } },
      },
      lease: { pixels, retain() {}, release() {} },
    };
    return channels[index].detect(frame).then(({ kind }) => {
      settled++;
      if (kind !== 'detected') failed++;
      if (settled === warmUp) first = reading();
      if (settled > warmUp) latencies.push(performance.now() - startMs);
    });
  }

  /** Each camera always has as many frames on offer as it may have in flight, as a file that is read ahead. */
  async function asFastAsTaken() {
    await Promise.all(
      Array.from({ length: cameras * inFlight }, async () => {
        while (sent < frames) await send();
      }),
    );
  }

  async function paced() {
    const startMs = performance.now();
    const pending = [];
    await new Promise((resolve) => {
      const timer = setInterval(() => {
        const due = Math.min(frames, Math.floor(((performance.now() - startMs) * rate) / 1000));
        while (sent < due) pending.push(send());
        if (sent < frames) return;
        clearInterval(timer);
        resolve();
      }, 1);
    });
    await Promise.all(pending);
  }

  await (rate > 0 ? paced() : asFastAsTaken());
  const last = reading();
  await port.close();
  const count = last.settled - first.settled;
  const each = (key) => (last[key] - first[key]) / count;
  latencies.sort((a, b) => a - b);
  console.log(
    JSON.stringify({
      ...{ frames: count, failed, framesPerSecond: 1000 / each('wallMs') },
      meanJob: 1 / each('sentJobs'),
      retries: last.retries,
      redisFrames: last.redisFrames,
      shmFrames: last.shmFrames,
      cpuMsPerFrame: { ingest: each('mainMs'), workers: each('workersMs'), redis: each('redisMs') },
      latencyMs: { p50: quantile(latencies, 0.5), p99: quantile(latencies, 0.99) },
    }),
  );
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});

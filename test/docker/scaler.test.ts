import { createLedger } from '../../models/domain/ledger';
import { cameraId } from '../../models/domain/frame';
import { createLog } from '../../pipeline/cli/log';
import { createTelemetry } from '../../pipeline/telemetry';
import { watchWorker } from '../../pipeline/worker-metrics';
import { readManifests } from './support/manifests';

interface Scaler {
  readonly scaleTargetRef: { readonly name: string };
  readonly triggers: readonly {
    readonly name: string;
    readonly metricType: string;
    readonly metadata: { readonly query: string; readonly threshold: string };
  }[];
}

const manifests = readManifests('autoscaled');
const scaler = manifests.find(({ kind }) => kind === 'ScaledObject')!.spec as unknown as Scaler;
const queries = scaler.triggers.map(({ metadata }) => metadata.query);

/** Everything that ingest and workers export, after a frame of each fate the scaler asks for. */
function exported() {
  const log = createLog({ format: 'json', level: 'error', redact: (text) => text, write: () => undefined });
  const telemetry = createTelemetry(log);
  const ledger = createLedger();
  telemetry.watchLedger(cameraId('front'), ledger);
  for (const outcome of [
    { kind: 'dropped', reason: 'superseded' },
    { kind: 'dropped', reason: 'thinned' },
    { kind: 'dropped', reason: 'gated' },
    { kind: 'expired' },
  ] as const) {
    ledger.receive(0);
    ledger.settle(0, outcome);
  }
  const worker = createTelemetry(log);
  watchWorker(worker.registry, () => {
    throw new Error('no numbers are asked for');
  });
  return { ingest: telemetry.registry, worker: worker.registry };
}

describe('docker/kubernetes/autoscaled/worker-scaler.yaml', () => {
  it('scales the workers by ratios, which are not divided by their number once more', () => {
    const target = manifests.find(({ metadata }) => metadata.name === scaler.scaleTargetRef.name)!;
    expect([target.kind, target.metadata.name]).toEqual(['Deployment', 'sightline-worker']);
    for (const { metricType, metadata } of scaler.triggers) {
      expect(metricType).toBe('Value');
      expect(Number(metadata.threshold)).toBeGreaterThan(0);
      expect(Number(metadata.threshold)).toBeLessThan(1);
    }
  });

  it('asks for metrics that ingest and workers export', () => {
    const { ingest, worker } = exported();
    const names = [ingest, worker].flatMap((registry) =>
      registry.getMetricsAsArray().map(({ name }) => name),
    );
    const asked = queries.flatMap((query) => query.match(/sightline_\w+/g) ?? []);
    expect(new Set(asked).size).toBe(3);
    for (const name of asked) expect(names).toContain(name);
  });

  it('counts superseded, thinned and expired frames as late, and nothing else', async () => {
    const late = queries.find((query) => query.includes('superseded'))!;
    const [, outcomes = '', reasons = ''] = /outcome=~"([^"]*)",reason=~"([^"]*)"/.exec(late) ?? [];
    const { ingest } = exported();
    const lines = (await ingest.metrics())
      .split('\n')
      .filter((line) => line.startsWith('sightline_frames_total{'));
    const counted = lines.filter((line) => {
      const [, outcome = '', reason = ''] = /outcome="([^"]*)",reason="([^"]*)"/.exec(line) ?? [];
      // Prometheus anchors regular expressions.
      return new RegExp(`^(?:${outcomes})$`).test(outcome) && new RegExp(`^(?:${reasons})$`).test(reason);
    });
    expect(counted.map((line) => line.replace(/.*outcome/, 'outcome')).sort()).toEqual([
      'outcome="dropped",reason="superseded"} 1',
      'outcome="dropped",reason="thinned"} 1',
      'outcome="expired",reason=""} 1',
    ]);
    expect(late).toContain('sightline_frames_total{outcome="received"}');
    expect(lines.join('\n')).toContain('outcome="received",reason=""} 4');
  });
});

import pino from 'pino';
import { cameraId } from '../../models/domain/frame';
import { createLedger } from '../../models/domain/ledger';
import { createTelemetry } from '../../pipeline/telemetry';

const create = () => createTelemetry(pino({ level: 'silent' }));

describe('createTelemetry', () => {
  it('exports the ledger of each camera that is watched, and of none that is not', async () => {
    const telemetry = create();
    const ledger = createLedger();
    const unwatch = telemetry.watchLedger(cameraId('front'), ledger);
    for (let frame = 0; frame < 3; frame++) ledger.receive(0);
    ledger.settle(0, { kind: 'detected', detections: [] });
    ledger.settle(0, { kind: 'dropped', reason: 'superseded' });
    const text = await telemetry.registry.metrics();
    expect(text).toContain('sightline_frames_total{camera="front",outcome="received",reason=""} 3');
    expect(text).toContain('sightline_frames_total{camera="front",outcome="dropped",reason="superseded"} 1');
    expect(text).toContain('sightline_frames_in_flight{camera="front"} 1');
    unwatch();
    expect(await telemetry.registry.metrics()).not.toContain('front');
  });

  it('tells what inference runs on', async () => {
    const telemetry = create();
    telemetry.providerChosen('cpu', [{ provider: 'cuda', error: 'no such library' }]);
    expect(await telemetry.registry.metrics()).toContain('sightline_inference_provider{provider="cpu"} 1');
  });

  it('gives each pipeline a registry of its own', () => {
    expect(() => [create(), create()]).not.toThrow();
  });
});

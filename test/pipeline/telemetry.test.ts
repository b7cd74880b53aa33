import pino from 'pino';
import { ERRORS, PipelineError } from '../../models/domain/errors';
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

  it('tells of each step by which live cameras give way, in one line, and of what is paused', async () => {
    const lines: string[] = [];
    const write = (line: string) => lines.push((JSON.parse(line) as { msg: string }).msg);
    const telemetry = createTelemetry(pino({ level: 'info' }, { write }));
    const change = (id: string, fromFps: number, toFps: number) => ({ id: cameraId(id), fromFps, toFps });
    const many = ['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((id) => change(id, 10, 2.5));
    telemetry.saturationStep({ direction: 'down', level: 2, share: 0.456, changes: many });
    telemetry.saturationStep({ direction: 'down', level: 3, share: 1, changes: [change('a', 2.5, 0)] });
    telemetry.saturationStep({ direction: 'up', level: 2, share: 0, changes: [change('a', 0, 2.5)] });
    telemetry.cameraPaused(cameraId('a'), false);
    telemetry.cameraPaused(cameraId('b'), true);
    expect(lines).toEqual([
      'overloaded, 46 % of the frames of live cameras were left out: ' +
        ['a', 'b', 'c', 'd', 'e'].map((id) => `${id} 10 → 2.5 fps`).join(', ') +
        ' and 2 more',
      'overloaded, 100 % of the frames of live cameras were left out: a paused',
      'less to do: a goes on',
    ]);
    const text = await telemetry.registry.metrics();
    expect(text).toContain('sightline_saturation_level 2');
    expect(text).toContain('sightline_saturation_steps_total{direction="down"} 2');
    expect(text).toContain('sightline_camera_paused{camera="b"} 1');
    telemetry.cameraPaused(cameraId('b'), undefined);
    expect(await telemetry.registry.metrics()).not.toContain('sightline_camera_paused{camera="b"}');
  });

  it('tells of equal failures in a row ever more rarely, and anew once the camera works or fails otherwise', () => {
    const lines: string[] = [];
    const write = (line: string) => lines.push((JSON.parse(line) as { msg: string }).msg);
    const telemetry = createTelemetry(pino({ level: 'info' }, { write }));
    const front = cameraId('front');
    const fail = (times: number, error = new PipelineError('refused', 'no'), retryInMs = 1500) => {
      for (let time = 0; time < times; time++) telemetry.cameraFailed(front, error, retryInMs);
      return lines.splice(0);
    };
    const row = (...counts: number[]) =>
      counts.map(
        (count) =>
          `refused: no; trying again in 1.5 s (failed ${count} times in a row: ${ERRORS.refused.remedy})`,
      );
    expect(fail(200)).toEqual(['refused: no; trying again in 1.5 s', ...row(2, 4, 8, 16, 32, 64, 128, 192)]);
    expect(fail(1, new PipelineError('dns', 'no'))).toEqual(['dns: no; trying again in 1.5 s']);
    expect(fail(2)).toEqual(['refused: no; trying again in 1.5 s', ...row(2)]);
    expect(fail(1, new PipelineError('dns', 'no'), 36.2)).toEqual(['dns: no; trying again in 37 ms']);
    const source = { width: 640, height: 480 };
    telemetry.cameraStatus({ kind: 'status', cameraId: front, epoch: 1, atMs: 0, status: 'online', source });
    expect(fail(1)).toEqual(['online, 640x480', 'refused: no; trying again in 1.5 s']);
  });

  it('gives each pipeline a registry of its own', () => {
    expect(() => [create(), create()]).not.toThrow();
  });
});

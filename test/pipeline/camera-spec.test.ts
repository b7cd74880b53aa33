import { defineConfig } from '../../config/define-config';
import type { ConfigInput } from '../../config/schema';
import type { DetectorInfo } from '../../models/domain/detect-port';
import { createRunKey } from '../../models/domain/event-id';
import { analysisOf, toCameraSpec } from '../../pipeline/camera-spec';

const TRIANGLE = [
  [0, 0],
  [1, 0],
  [0, 1],
] as const;

const detector: Pick<DetectorInfo, 'defaultMinScore'> = { defaultMinScore: 0.4 };

function runKeyOf(masks?: readonly { name?: string; points: readonly (readonly [number, number])[] }[]) {
  const { config } = defineConfig({ cameras: { yard: { url: '/a.mp4', ...(masks && { masks }) } } });
  const spec = toCameraSpec('yard', config.cameras['yard']!, detector as DetectorInfo);
  return createRunKey(analysisOf(spec), 'a model');
}

type Motion = NonNullable<ConfigInput['cameras'][string]['motion']>;

function motionKeyOf(motion?: Motion) {
  const { config } = defineConfig({ cameras: { yard: { url: '/a.mp4', ...(motion && { motion }) } } });
  const spec = toCameraSpec('yard', config.cameras['yard']!, detector as DetectorInfo);
  return createRunKey(analysisOf(spec), 'a model');
}

describe('what decides the events of a camera', () => {
  it('holds the rate of a folder, and none for other inputs', () => {
    const { cameras } = defineConfig({
      cameras: { a: { url: '/a/' }, b: { url: '/a/', folderFps: 5 }, c: { url: '/a.mp4' } },
    }).config;
    const rates = Object.values(cameras).map(
      (camera) => analysisOf(toCameraSpec('a', camera, detector as DetectorInfo))['folderFps'],
    );
    expect(rates).toEqual([10, 5, undefined]);
  });

  it('holds the corners of its masks and not their names', () => {
    const key = runKeyOf([{ name: 'road', points: TRIANGLE }]);
    expect(runKeyOf([{ points: TRIANGLE }])).toBe(key);
    expect(runKeyOf([{ points: [...TRIANGLE.slice(0, 2), [0, 0.9]] }])).not.toBe(key);
    expect(runKeyOf()).not.toBe(key);
  });

  it('holds nothing of what gives way when there is too little time', () => {
    const keys = [0, 9].map((priority) => {
      const { config } = defineConfig({ cameras: { yard: { url: '/a.mp4', loop: true, priority } } });
      const spec = toCameraSpec('yard', config.cameras['yard']!, detector as DetectorInfo);
      expect(spec.priority).toBe(priority);
      return createRunKey(analysisOf(spec), 'a model');
    });
    expect(keys[0]).toBe(keys[1]);
  });

  it('holds nothing of snapshots, which are kept unless a camera says otherwise', () => {
    const keys = [undefined, true, false].map((snapshots) => {
      const yard = { url: '/a.mp4', ...(snapshots !== undefined && { snapshots }) };
      const { config } = defineConfig({ cameras: { yard } });
      const spec = toCameraSpec('yard', config.cameras['yard']!, detector as DetectorInfo);
      expect(spec.hasSnapshots).toBe(snapshots ?? true);
      return createRunKey(analysisOf(spec), 'a model');
    });
    expect(new Set(keys).size).toBe(1);
  });

  it('holds nothing of how RTP travels', () => {
    const keys = (['tcp', 'udp'] as const).map((rtspTransport) => {
      const yard = { url: 'rtsp://h/s', viewUrl: 'rtsp://h/large', rtspTransport };
      const { config } = defineConfig({ cameras: { yard } });
      const spec = toCameraSpec('yard', config.cameras['yard']!, detector as DetectorInfo);
      expect([spec.rtspTransport, spec.view?.rtspTransport]).toEqual([rtspTransport, rtspTransport]);
      return createRunKey(analysisOf(spec), 'a model');
    });
    expect(keys[0]).toBe(keys[1]);
  });

  it('is the same without masks as with an empty list of them', () => {
    expect(runKeyOf([])).toBe(runKeyOf());
  });

  it('holds whether frames without motion are left out, and by what settings', () => {
    const key = motionKeyOf({});
    expect(motionKeyOf({ holdMs: 2000 })).toBe(key);
    expect(motionKeyOf({ holdMs: 2001 })).not.toBe(key);
    expect(motionKeyOf()).not.toBe(key);
  });
});

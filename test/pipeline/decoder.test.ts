import { defineConfig } from '../../config/define-config';
import type { DetectorInfo } from '../../models/domain/detect-port';
import { toCameraSpec } from '../../pipeline/camera-spec';
import { viewsFor } from '../../pipeline/decoder';
import type { Snapshots } from '../../pipeline/snapshots';

const DETECTOR = { defaultMinScore: 0.4 } as DetectorInfo;
const SNAPSHOTS = { isCropped: true, maxWidth: 640 } as Snapshots;

function wanted(camera: { viewUrl?: string; annotate?: string; snapshots?: boolean }, snapshots?: Snapshots) {
  const { config } = defineConfig({ cameras: { yard: { url: 'rtsp://h/small', ...camera } } });
  return viewsFor(toCameraSpec('yard', config.cameras['yard']!, DETECTOR), { snapshots });
}

describe('views of the stream that is looked at', () => {
  const annotate = 'yard.mp4';
  const viewUrl = 'rtsp://h/large';

  it('are asked for by a video of it alone, where nobody keeps snapshots', () => {
    expect([{}, { annotate }, { viewUrl }, { annotate, viewUrl }].map((camera) => wanted(camera))).toEqual([
      undefined,
      'video',
      undefined,
      undefined,
    ]);
  });

  it('are asked for by snapshots, but not of every picture', () => {
    expect([{}, { viewUrl }, { annotate, viewUrl }].map((camera) => wanted(camera, SNAPSHOTS))).toEqual([
      'snapshots',
      'snapshots',
      'snapshots',
    ]);
    expect(wanted({ annotate }, SNAPSHOTS)).toBe('video');
    expect(wanted({ snapshots: false }, SNAPSHOTS)).toBeUndefined();
  });
});

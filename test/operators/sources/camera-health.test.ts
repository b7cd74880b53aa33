import type { CameraStatus } from '../../../models/domain/camera-status';
import { cameraId } from '../../../models/domain/frame';
import { createCameraHealth } from '../../../operators/sources/camera-health';

const place = { epoch: 0, atMs: 0 };
const VGA = { width: 640, height: 480 };
const HD = { width: 1920, height: 1080 };

function brief(statuses: readonly CameraStatus[]): readonly string[] {
  return statuses.map((status) => ('cause' in status ? `${status.status} ${status.cause}` : status.status));
}

describe('createCameraHealth', () => {
  const live = () => createCameraHealth({ cameraId: cameraId('front'), mode: 'live' });

  it('goes online with the first picture, and offline once', () => {
    const health = live();
    expect(health.state).toBe('connecting');
    health.opened('h264');
    expect(health.picture(place, VGA, 0)).toEqual([
      expect.objectContaining({ status: 'online', source: VGA, codec: 'h264' }),
    ]);
    expect(health.picture(place, VGA, 40)).toEqual([]);
    expect(brief(health.offline(place, 'ended', undefined))).toEqual(['offline ended']);
    expect(health.offline(place, 'refused', undefined)).toEqual([]);
    expect(health.state).toBe('offline');
  });

  it('tells a camera offline that never was online', () => {
    expect(brief(live().offline(place, 'auth', 'no'))).toEqual(['offline auth']);
  });

  it('tells of another size at once, and how it is now', () => {
    const health = live();
    health.picture(place, VGA, 0);
    expect(health.picture(place, HD, 40)).toEqual([
      expect.objectContaining({ cause: 'resolution_changed', detail: '640x480 became 1920x1080' }),
      expect.objectContaining({ status: 'online', source: HD }),
    ]);
    expect(health.state).toBe('online');
  });

  it('tells of another codec and size after an outage', () => {
    const health = live();
    health.opened('h264');
    health.picture(place, VGA, 0);
    health.offline(place, 'ended', undefined);
    health.opened('hevc');
    expect(health.picture(place, HD, 1000)).toEqual([
      expect.objectContaining({ cause: 'codec_changed', detail: 'h264 became hevc' }),
      expect.objectContaining({ cause: 'resolution_changed' }),
      expect.objectContaining({ status: 'online', codec: 'hevc' }),
    ]);
  });

  it('takes the third complaint in ten seconds for damage, tells it once, and is well half a minute after the last', () => {
    const health = live();
    health.picture(place, VGA, 0);
    expect([0, 11_000, 12_000].flatMap((at) => health.damage(place, 'bad', at))).toEqual([]);
    expect(brief(health.damage(place, 'bad', 13_000))).toEqual(['degraded corrupt']);
    expect(health.damage(place, 'bad', 14_000)).toEqual([]);
    expect(health.state).toBe('degraded');
    expect(health.picture(place, VGA, 43_999)).toEqual([]);
    expect(brief(health.picture(place, VGA, 44_000))).toEqual(['online']);
    expect([60_000, 60_001, 60_002].flatMap((at) => brief(health.damage(place, 'bad', at)))).toEqual([
      'degraded corrupt',
    ]);
  });

  it('knows whether the last that came could be decoded', () => {
    const health = live();
    health.picture(place, VGA, 0);
    health.damage(place, 'bad', 10);
    expect(health.isDamaged).toBe(true);
    health.picture(place, VGA, 20);
    expect(health.isDamaged).toBe(false);
  });

  it('tells of troubles only while there are pictures', () => {
    const health = live();
    expect(health.trouble(place, 'clock_drift', 'slow', 0)).toEqual([]);
    health.picture(place, VGA, 0);
    expect(brief(health.trouble(place, 'clock_drift', 'slow', 1))).toEqual(['degraded clock_drift']);
    expect(health.trouble(place, 'clock_drift', 'slow', 2)).toEqual([]);
    expect(brief(health.offline(place, 'stopped', undefined))).toEqual(['offline stopped']);
  });

  it('tells anew of what was over while something else lasted, and is well once both are', () => {
    const health = live();
    const damages = (atMs: number) =>
      [0, 1, 2].flatMap((ms) => brief(health.damage(place, 'bad', atMs + ms)));
    health.picture(place, VGA, 0);
    expect(brief(health.trouble(place, 'clock_drift', 'slow', 100))).toEqual(['degraded clock_drift']);
    expect(damages(200)).toEqual(['degraded corrupt']);
    health.lasts('clock_drift', 40_000);
    expect(health.picture(place, VGA, 40_000)).toEqual([]);
    expect(damages(50_000)).toEqual(['degraded corrupt']);
    expect(health.picture(place, VGA, 75_000)).toEqual([]);
    health.lasts('clock_drift', 75_000);
    expect(brief(health.picture(place, VGA, 80_002))).toEqual(['online']);
  });

  describe('of a camera of which less is looked at', () => {
    function overloaded() {
      let overload: string | undefined;
      const health = createCameraHealth({
        ...{ cameraId: cameraId('front'), mode: 'live' },
        overload: () => overload,
      });
      return { health, set: (now: string | undefined) => (overload = now) };
    }
    const details = (statuses: readonly CameraStatus[]) =>
      statuses.map((status) => ('detail' in status ? status.detail : status.status));

    it('tells with the next picture of each change, and with the first one after it that all is as before', () => {
      const { health, set } = overloaded();
      expect(details(health.picture(place, VGA, 0))).toEqual(['online']);
      set('10 → 5 fps');
      expect(health.picture(place, VGA, 100)).toEqual([
        expect.objectContaining({ status: 'degraded', cause: 'overloaded', detail: '10 → 5 fps' }),
      ]);
      expect(health.picture(place, VGA, 200)).toEqual([]);
      set('10 → 2.5 fps');
      expect(details(health.picture(place, VGA, 300))).toEqual(['10 → 2.5 fps']);
      expect(health.picture(place, VGA, 3_600_000)).toEqual([]);
      expect(health.state).toBe('degraded');
      set(undefined);
      expect(brief(health.picture(place, VGA, 3_600_100))).toEqual(['online']);
      expect(health.picture(place, VGA, 3_600_200)).toEqual([]);
    });

    it('tells it again after an outage and after a change of the picture', () => {
      const { health, set } = overloaded();
      set('10 → 5 fps');
      expect(details(health.picture(place, VGA, 0))).toEqual(['online', '10 → 5 fps']);
      health.offline(place, 'paused', undefined);
      expect(details(health.picture(place, VGA, 1000))).toEqual(['online', '10 → 5 fps']);
      expect(brief(health.picture(place, HD, 2000))).toEqual([
        ...['degraded resolution_changed', 'online', 'degraded overloaded'],
      ]);
    });

    it('stays degraded while anything else is wrong, and tells that again when it comes back', () => {
      const { health, set } = overloaded();
      health.picture(place, VGA, 0);
      set('10 → 5 fps');
      health.picture(place, VGA, 100);
      expect(brief(health.trouble(place, 'clock_drift', 'slow', 200))).toEqual(['degraded clock_drift']);
      set(undefined);
      expect(health.picture(place, VGA, 300)).toEqual([]);
      set('10 → 5 fps');
      expect(brief(health.picture(place, VGA, 400))).toEqual(['degraded overloaded']);
      expect(health.picture(place, VGA, 40_000)).toEqual([]);
      expect(brief(health.trouble(place, 'clock_drift', 'slow', 40_100))).toEqual(['degraded clock_drift']);
      set(undefined);
      expect(brief(health.picture(place, VGA, 80_000))).toEqual(['online']);
    });
  });

  it('tells of a recording no more than its beginning and its end', () => {
    const health = createCameraHealth({ cameraId: cameraId('front'), mode: 'recorded' });
    expect(brief(health.picture(place, VGA, 0))).toEqual(['online']);
    expect(health.picture(place, HD, 1)).toEqual([]);
    expect(health.trouble(place, 'clock_drift', 'slow', 1)).toEqual([]);
    expect(brief(health.offline(place, 'completed', undefined))).toEqual(['offline completed']);
  });
});

import type { PipelineError } from '../../../models/domain/errors';
import { cameraId } from '../../../models/domain/frame';
import type { CameraId } from '../../../models/domain/frame';
import type { CameraSpec } from '../../../pipeline/camera-spec';
import { createLeasedCameras } from '../../../pipeline/leases/leased-cameras';
import type { CameraResult, CameraRun } from '../../../pipeline/pipeline';

/** A pipeline whose cameras end when the test lets them, and a record of what was asked of it. */
function lab(options: { isStopping?: boolean } = {}) {
  const said: string[] = [];
  const running = new Map<CameraId, (result: CameraResult) => void>();
  const faults: PipelineError[] = [];
  let isFlushed = true;

  function start(spec: CameraSpec): CameraRun {
    if (running.has(spec.id)) throw new RangeError(`camera ${spec.id}: expected a name that is free`);
    said.push(`start ${spec.id}`);
    let end!: (result: CameraResult) => void;
    const done = new Promise<CameraResult>((resolve) => (end = resolve));
    running.set(spec.id, end);
    return { spec, done } as CameraRun;
  }

  const stops: (() => void)[] = [];
  const cameras = createLeasedCameras({
    specs: ['a', 'b'].map((id) => ({ id: cameraId(id) }) as CameraSpec),
    pipeline: {
      start,
      stop: (id) =>
        new Promise<void>((resolve) => {
          said.push(`stop ${id}`);
          const finish = () => {
            running.get(id)?.({ id, state: 'stopped' } as CameraResult);
            running.delete(id);
            resolve();
          };
          if (running.has(id)) stops.push(finish);
          else finish();
        }),
    },
    sinks: [
      {
        flush() {
          said.push('flush');
          isFlushed = true;
          return Promise.resolve();
        },
      },
    ],
    telemetry: { cameraFailed: (_id, error) => faults.push(error), cameraMoved: () => undefined },
    isStopping: () => options.isStopping ?? false,
  });
  /** Lets every promise that can settle do so. */
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  return { cameras, said, stops, faults, settle, isFlushed: () => isFlushed };
}

describe('createLeasedCameras', () => {
  it('runs a camera under its fence, and gives it back when its events are written', async () => {
    const { cameras, said, stops, settle } = lab();
    cameras.start('a', 7);
    await settle();
    expect(said).toEqual(['start a']);
    expect(cameras.fenceOf('a')).toBe(7);
    let isGiven = false;
    const given = cameras.stop('a').then(() => (isGiven = true));
    await settle();
    expect(isGiven).toBe(false);
    stops.shift()!();
    await given;
    expect(said).toEqual(['start a', 'stop a', 'flush']);
    expect(cameras.fenceOf('a')).toBeUndefined();
    expect(cameras.finished()).toMatchObject([{ result: { state: 'stopped' } }]);
  });

  it('silences a lost camera until its run has ended, and begins the next one only then, under the new fence', async () => {
    const { cameras, said, stops, settle } = lab();
    cameras.start('a', 1);
    await settle();
    cameras.lose('a');
    cameras.start('a', 2);
    await settle();
    expect(cameras.isSilenced('a')).toBe(true);
    expect(cameras.fenceOf('a')).toBe(1);
    expect(said).toEqual(['start a', 'stop a']);
    stops.shift()!();
    await settle();
    expect(said).toEqual(['start a', 'stop a', 'start a']);
    expect(cameras.isSilenced('a')).toBe(false);
    expect(cameras.fenceOf('a')).toBe(2);
  });

  it('lets a camera that is slow to stop hold up no other', async () => {
    const { cameras, said, settle } = lab();
    cameras.start('a', 1);
    await settle();
    void cameras.stop('a');
    cameras.start('b', 3);
    await settle();
    expect(said).toEqual(['start a', 'stop a', 'start b']);
  });

  it('starts nothing any more while all is stopping, and knows no other cameras', async () => {
    const { cameras, said, settle, faults } = lab({ isStopping: true });
    cameras.start('a', 1);
    cameras.start('c', 1);
    cameras.lose('c');
    await cameras.stop('c');
    await settle();
    expect(said).toEqual([]);
    expect(faults).toEqual([]);
  });
});

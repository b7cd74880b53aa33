import { Subject, concat, from, lastValueFrom, throwError, toArray } from 'rxjs';
import type { CameraStatus } from '../../../models/domain/camera-status';
import type { ViewFrame } from '../../../models/domain/frame';
import type { Observation } from '../../../models/domain/observation';
import type { TrackedFrame, TracksClosed } from '../../../models/domain/track';
import { trackObjects } from '../../../operators/transforms/track-objects';
import { detectionAt, frameInfo, observed, unobserved, viewFrame } from '../../support/frames';
import type { FrameChoices } from '../../support/frames';
import { itObeysOperatorLaws } from '../../support/operator-laws';

type Input = Observation | CameraStatus | ViewFrame;
type Output = TrackedFrame | TracksClosed | CameraStatus | ViewFrame;

const { cameraId } = frameInfo();
const person = (seq: number, choices: FrameChoices = {}) =>
  observed(frameInfo({ seq, ...choices }), [detectionAt(100, 200)]);
const persons = [0, 1, 2].map((seq) => person(seq));
const lapsed: CameraStatus = { kind: 'status', status: 'lapsed', cameraId, epoch: 0, atMs: 0 };
const offline = (cause: 'completed' | 'stopped' | 'timeout'): CameraStatus => ({
  kind: 'status',
  status: 'offline',
  cameraId,
  epoch: 0,
  atMs: 0,
  cause,
});

const create = () => trackObjects({ endReason: () => 'completed' });
const play = (inputs: readonly Input[], operator = create()): Promise<Output[]> =>
  lastValueFrom(from(inputs).pipe(operator, toArray()));

/** Each output in a word or two. */
function tell(output: Output): string {
  const endings = (ended: TracksClosed['ended']) =>
    ended.map(({ track, reason }) => ` -${track.number}:${reason}`).join('');
  switch (output.kind) {
    case 'view':
      return 'view';
    case 'status':
      return output.status;
    case 'closed':
      return `closed${endings(output.ended)}`;
    case 'tracked':
      return `tracked${output.tracks.map(({ number }) => ` ${number}`).join('')}${endings(output.ended)}`;
  }
}

const story = async (inputs: readonly Input[]) => (await play(inputs)).map(tell);

describe('trackObjects', () => {
  itObeysOperatorLaws(create, [...persons, unobserved(frameInfo({ seq: 3 }))]);

  it('turns every observation into a tracked frame of the same frame', async () => {
    const outputs = await play(persons);
    expect(outputs.slice(0, 3).map((output) => output.kind === 'tracked' && output.frame)).toEqual(
      persons.map(({ frame }) => frame),
    );
    expect(outputs.map(tell)).toEqual(['tracked', 'tracked', 'tracked 1', 'closed -1:completed']);
  });

  it('says why nobody looked, tracks as before', async () => {
    const outputs = await play([...persons, unobserved(frameInfo({ seq: 3 }), 'gated')]);
    const [before, blind] = outputs.slice(2) as [TrackedFrame, TrackedFrame];
    expect(blind).toMatchObject({ unobserved: 'gated', started: [], ended: [] });
    expect(blind.tracks).toEqual(before.tracks);
    expect(before).not.toHaveProperty('unobserved');
  });

  it('passes view frames and statuses through untouched, in their places', async () => {
    const view = viewFrame();
    const online: CameraStatus = {
      kind: 'status',
      status: 'online',
      cameraId,
      epoch: 0,
      atMs: 0,
      source: { width: 640, height: 480 },
    };
    const outputs = await play([online, person(0), view, person(1)]);
    expect(outputs.map(tell)).toEqual(['online', 'tracked', 'view', 'tracked']);
    expect([outputs[0], outputs[2]]).toEqual([online, view]);
    expect(view.isReleased()).toBe(false);
  });

  it('ends open tracks in the first frame of a new epoch, and counts on', async () => {
    const later = [0, 1, 2].map((seq) => person(seq, { epoch: 1 }));
    expect(await story([...persons, ...later])).toEqual([
      'tracked',
      'tracked',
      'tracked 1',
      'tracked -1:discontinuity',
      'tracked',
      'tracked 2',
      'closed -2:completed',
    ]);
  });

  it('ends them there too when nobody looked at that frame', async () => {
    const told = await story([...persons, unobserved(frameInfo({ epoch: 1 }))]);
    expect(told.slice(3)).toEqual(['tracked -1:discontinuity']);
  });

  it('carries tracks over into a resumed segment', async () => {
    const resumed = { epoch: 1, isResumed: true, atMs: 900 };
    expect(await story([...persons, offline('timeout'), person(0, resumed), lapsed])).toEqual([
      'tracked',
      'tracked',
      'tracked 1',
      'offline',
      'tracked 1',
      'closed -1:discontinuity',
      'lapsed',
    ]);
  });

  it.each(['completed', 'stopped'] as const)(
    'closes open tracks once, before going offline as %s',
    async (cause) => {
      const operator = trackObjects({ endReason: () => cause });
      const told = (await play([...persons, offline(cause)], operator)).map(tell);
      expect(told.slice(3)).toEqual([`closed -1:${cause}`, 'offline']);
    },
  );

  it('asks for the reason when the stream is over, not before', () => {
    const source = new Subject<Input>();
    const told: string[] = [];
    let reason: 'completed' | 'stopped' = 'completed';
    source.pipe(trackObjects({ endReason: () => reason })).subscribe((output) => told.push(tell(output)));
    for (const input of persons) source.next(input);
    reason = 'stopped';
    source.complete();
    expect(told.at(-1)).toBe('closed -1:stopped');
  });

  it('emits in the turn of its input', () => {
    const source = new Subject<Input>();
    const told: string[] = [];
    source.pipe(create()).subscribe((output) => told.push(tell(output)));
    source.next(person(0));
    expect(told).toEqual(['tracked']);
  });

  it('tells nothing more of its tracks after an error', () => {
    const told: string[] = [];
    concat(
      from(persons),
      throwError(() => new Error('broken')),
    )
      .pipe(create())
      .subscribe({ next: (output) => told.push(tell(output)), error: () => told.push('error') });
    expect(told).toEqual(['tracked', 'tracked', 'tracked 1', 'error']);
  });

  it('checks its options when it is made', () => {
    expect(() => trackObjects({ endReason: () => 'completed', confirmHits: 0 })).toThrow(RangeError);
  });
});

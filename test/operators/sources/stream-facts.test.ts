import { filter, firstValueFrom, lastValueFrom, take, toArray } from 'rxjs';
import { systemClock } from '../../../models/domain/clock';
import { PipelineError } from '../../../models/domain/errors';
import { streamFacts } from '../../../operators/sources/stream-facts';
import type { FrameFact, StreamFact } from '../../../operators/sources/stream-facts';
import { makeVideo } from '../../fixtures/make-video';
import { processesWith } from '../../support/processes';
import { tempFolder } from '../../support/temp-folder';
import { waitFor } from '../../support/wait-for';

describe('streamFacts', () => {
  const folder = tempFolder();
  const factsOf = (location: string, isRealTime = false) =>
    streamFacts({ request: { kind: 'file', location, isRealTime }, mode: 'recorded', clock: systemClock });
  const framesOf = (facts: readonly StreamFact[]) =>
    facts.filter((fact): fact is FrameFact => fact.kind === 'frame');

  it('tells of the start, the opening, the streams, each packet and each picture', async () => {
    const facts = await lastValueFrom(factsOf(await makeVideo.plain(folder)).pipe(toArray()));
    expect(facts.slice(0, 3)).toMatchObject([
      { kind: 'started' },
      { kind: 'opened' },
      { kind: 'stream', stream: { index: 0, type: 'video', codec: 'h264', fps: 10 } },
    ]);
    expect(facts.filter(({ kind }) => kind === 'packet')).toHaveLength(20);
    const frames = framesOf(facts);
    expect(frames.map(({ ptsMs }) => ptsMs)).toEqual(Array.from({ length: 20 }, (_, index) => index * 100));
    expect(frames[0]).toMatchObject({
      size: { width: 160, height: 120 },
      pixelFormat: 'yuv420p',
      isKey: true,
      isBFrame: false,
    });
    expect(facts.some(({ kind }) => kind === 'damage')).toBe(false);
  });

  it('passes an error on with its cause', async () => {
    const failure = await lastValueFrom(factsOf(await makeVideo.audioOnly(folder))).catch(
      (error: unknown) => error,
    );
    expect(failure).toBeInstanceOf(PipelineError);
    expect((failure as PipelineError).code).toBe('codec');
  });

  it('kills its process when nobody listens any more', async () => {
    const video = await makeVideo.plain(folder, { seconds: 60 });
    await firstValueFrom(
      factsOf(video, true).pipe(
        filter(({ kind }) => kind === 'frame'),
        take(1),
      ),
    );
    await waitFor(() => processesWith(video).length === 0, { what: 'the end of FFmpeg' });
  });

  it('starts nothing for one who leaves at once', async () => {
    const video = await makeVideo.plain(folder, { seconds: 30 });
    const seen: StreamFact[] = [];
    factsOf(video, true)
      .subscribe((fact) => seen.push(fact))
      .unsubscribe();
    // A later one that comes to its end shows that the first had its time.
    await firstValueFrom(factsOf(video).pipe(filter(({ kind }) => kind === 'frame')));
    await waitFor(() => processesWith(video).length === 0, { what: 'the end of FFmpeg' });
    expect(seen).toEqual([]);
  });
});

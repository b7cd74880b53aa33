import type { SightlineEvent } from '../../../models/domain/event';
import { createFrigateEvents } from '../../../pipeline/bridges/frigate-events';
import { startedEvent } from '../../support/events';

const started = startedEvent(2000);

/** The same track later. */
function later(type: string, seconds: number, data: Readonly<Record<string, unknown>> = {}): SightlineEvent {
  const time = new Date(Date.parse(started.time) + seconds * 1000).toISOString();
  return { ...started, type, time, data: { ...started.data, ...data } } as unknown as SightlineEvent;
}

describe('events as Frigate has them', () => {
  it('tell of a track from its begin to its end, with what was so before', () => {
    const events = createFrigateEvents();
    const told = [
      {
        ...started,
        data: { ...started.data, firstSeenPtsMs: 1500, box: [10.4, 20, 30, 60] as const },
      } as unknown as SightlineEvent,
      later('zone.entered', 1, { zone: 'yard' }),
      later('object.stationary', 2, { stillMs: 1000 }),
      later('track.updated', 3, { score: 0.5, maxScore: 0.95 }),
      later('object.moving', 4, { stillMs: 2000 }),
      later('zone.left', 5, { zone: 'yard', dwellMs: 4000 }),
      later('track.ended', 6, { bestFrame: 'key' }),
    ].map((event) => events.take(event)!);
    expect(told.map(({ type }) => type)).toEqual(['new', ...Array<string>(5).fill('update'), 'end']);
    const startS = Date.parse(started.time) / 1000 - 0.5;
    expect(told[0]!.before).toEqual(told[0]!.after);
    expect(told[0]!.after).toMatchObject({
      start_time: startS,
      box: [10, 20, 30, 60],
      area: 800,
      ratio: 0.5,
      end_time: null,
    });
    expect(new Set(told.flatMap(({ before, after }) => [before.id, after.id])).size).toBe(1);
    expect(told[0]!.after.id).toMatch(/^\d+\.\d{6}-[a-z0-9]{6}$/);
    for (let n = 1; n < told.length; n++) expect(told[n]!.before).toEqual(told[n - 1]!.after);
    expect(told.map(({ after }) => after.current_zones)).toEqual([
      [],
      ['yard'],
      ['yard'],
      ['yard'],
      ['yard'],
      [],
      [],
    ]);
    expect(told.at(-1)!.after).toMatchObject({
      ...{ entered_zones: ['yard'], top_score: 0.95, start_time: startS, has_snapshot: false, active: false },
      ...{ end_time: startS + 6.5, position_changes: 1 },
    });
    expect(told.map(({ after }) => after.stationary)).toEqual([
      false,
      false,
      true,
      true,
      false,
      false,
      false,
    ]);
  });

  it('give a track the same id in every process, and say nothing of what is no track', () => {
    const [one, other] = [createFrigateEvents().take(started), createFrigateEvents().take(started)];
    expect(one).toEqual(other);
    const online = { ...started, type: 'camera.online', data: { camera: 'front', epoch: 0 } };
    expect(createFrigateEvents().take(online as unknown as SightlineEvent)).toBeUndefined();
  });

  it('forget the oldest of very many tracks', () => {
    const events = createFrigateEvents();
    for (let n = 0; n <= 10_000; n++) events.take(startedEvent(n));
    expect(events.take(startedEvent(0))).toMatchObject({ type: 'new' });
    expect(events.take(startedEvent(10_000))).toMatchObject({ type: 'update' });
  });
});

import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventSchema } from '../../models/domain/event';
import { packageRoot } from '../../models/support/package-root';
import { MAIN, PLAZA, readEvents } from '../support/sightline';
import { tempFolder } from '../support/temp-folder';

describe('rules on the bundled clip', () => {
  const folder = tempFolder();
  const config = join(folder, 'rules.yaml');
  const example = readFileSync(join(packageRoot, 'config/examples/rules.yaml'), 'utf8');

  function run(name: string): string {
    writeFileSync(config, example.replace('clips/plaza.mp4', PLAZA).replaceAll('ruled-plaza.jsonl', name));
    execFileSync(process.execPath, [MAIN, 'run', '--config', config], { stdio: 'ignore' });
    return join(folder, name);
  }

  let first: string;
  beforeAll(() => (first = run('first.jsonl')));

  it('tell who enters, stays, leaves and crosses, byte for byte alike on every run', () => {
    expect(readFileSync(run('second.jsonl'))).toEqual(readFileSync(first));
    const events = readEvents(first);
    for (const event of events) eventSchema.parse(event);
    expect(new Set(events.map(({ id }) => id)).size).toBe(events.length);

    const entered = events.filter(({ type }) => type === 'zone.entered').length;
    expect(entered).toBeGreaterThan(5);
    expect(events.filter(({ type }) => type === 'zone.left')).toHaveLength(entered);
    const ways = events.flatMap((event) => (event.type === 'line.crossed' ? [event.data.direction] : []));
    expect(new Set(ways)).toEqual(new Set(['in', 'out']));
    const counts = events.flatMap((event) => (event.type === 'occupancy.changed' ? [event.data.count] : []));
    expect(counts.at(-1)).toBe(0);
    // 23.9 s in intervals of 2 s.
    expect(events.filter(({ type }) => type === 'occupancy.summary')).toHaveLength(12);
    const types = new Set(events.map(({ type }) => type));
    expect([...types]).toEqual(expect.arrayContaining(['zone.dwell', 'object.stationary', 'object.moving']));
    expect(events.some(({ data }) => 'speed' in data && data.speed?.unit === 'heights/s')).toBe(true);
  });

  it('lie within the life of their tracks', () => {
    const live = new Set<string>();
    for (const { type, data } of readEvents(first)) {
      if (!('trackId' in data)) continue;
      if (type === 'track.started') live.add(data.trackId);
      expect(live).toContain(data.trackId);
      if (type === 'track.ended') live.delete(data.trackId);
    }
    expect(live.size).toBe(0);
  });
});

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { subscribeEvents } from '../../pipeline';
import { LOG_KEYS } from '../support/event-log';
import { useEventLog } from '../support/event-log-fixture';
import { startedEvent } from '../support/events';
import { closedPort } from '../support/closed-port';
import { MAIN, killAll, parseEvents, startSightline } from '../support/sightline';
import type { SightlineRun } from '../support/sightline';
import { tempFolder } from '../support/temp-folder';
import { waitFor } from '../support/wait-for';

describe('sightline events', () => {
  const folder = tempFolder();
  const runs: SightlineRun[] = [];
  const log = useEventLog();
  afterEach(() => killAll(runs.splice(0)));

  function start(...args: readonly string[]): SightlineRun {
    const run = startSightline(folder, ['events', ...args, '--redis', log.url]);
    runs.push(run);
    return run;
  }

  async function output(...args: readonly string[]): Promise<string> {
    const run = start(...args);
    expect([await run.ended, run.stderr()]).toEqual([0, '']);
    return run.stdout();
  }

  const numbers = (text: string) =>
    parseEvents(text).map((event) => 'ptsMs' in event.data && event.data.ptsMs);

  it('prints what the log holds as JSON Lines in a pipe, and ends', async () => {
    await log.append(0, 3);
    await log.append(0, 2, { camera: 'back' });
    await log.append(3, 250);
    const [all, back, two, none, later] = await Promise.all([
      output('--since', '1h'),
      output('--camera', 'back', '--type', 'track.*'),
      output('--limit', '2'),
      output('--type', 'line.crossed'),
      output('--since', '2099-01-01'),
    ]);
    expect(numbers(all)).toHaveLength(252);
    expect(numbers(back)).toEqual([0, 1]);
    expect(numbers(two)).toEqual([0, 1]);
    expect([none, later]).toEqual(['', '']);
  });

  it('follows what comes until Ctrl-C', async () => {
    await log.append(0, 3);
    const run = start('--follow');
    await waitFor(async () => String(await log.client.client('LIST')).includes('sightline-subscriber-0'), { what: 'it to read' }); // prettier-ignore
    await waitFor(
      async () => {
        await log.append(3, 4);
        return run.stdout() !== '';
      },
      { what: 'the first event' },
    );
    run.interruptGroup();
    expect(await run.ended).toBe(0);
    expect(new Set(numbers(run.stdout()))).toEqual(new Set([3]));
  });

  it('is a consumer of a group, which gets what the one before did not print', async () => {
    await log.append(0, 10);
    expect(numbers(await output('--group', 'shell', '--limit', '4'))).toEqual([0, 1, 2, 3]);
    expect(numbers(await output('--group', 'shell'))).toEqual([4, 5, 6, 7, 8, 9]);
    expect(((await log.client.xpending(LOG_KEYS.events(), 'shell')) as [number])[0]).toBe(0);
  });

  async function onTerminal(env: Record<string, string>, flags = ''): Promise<string> {
    const command = `${process.execPath} ${MAIN} events --redis ${log.url} ${flags}`;
    const child = spawn('script', ['-qec', command, '/dev/null'], { env: { ...process.env, ...env } });
    let text = '';
    child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
    await once(child, 'close');
    return text.replaceAll('\r', '');
  }

  it('shows a person one line an event, in colour where there is some', async () => {
    await log.append(0, 2);
    const line = '2026-05-01 12:00:00.000 front person front-0-0 appeared (0.90)';
    expect((await onTerminal({ NO_COLOR: '1' })).split('\n')[0]).toBe(line);
    expect(await onTerminal({ NO_COLOR: '1' }, "--type 'trak.*'")).toMatch(
      /^sightline: no such events in sightline:events at redis:\S+\n$/,
    );
    const coloured = await onTerminal({ NO_COLOR: '' });
    expect(coloured).toContain('\u001b[');
    expect(stripVTControlCharacters(coloured).split('\n')[0]).toBe(line);
  });

  it('goes on past what others wrote, and has no terminal obey it', async () => {
    const event = startedEvent(0);
    const odd = { ...event, data: { camera: 'front' } };
    const newer = { ...event, type: 'door\u001b]0;x\u0007.opened' };
    for (const one of [odd, newer, { ...event, subject: 'a\u001b[31mb' }])
      await log.appendRaw({ type: event.type, camera: 'front', data: JSON.stringify(one) });
    const text = await onTerminal({ NO_COLOR: '1' });
    expect(text.split('\n')).toEqual([
      expect.stringMatching(/^sightline: entry \d+-\d: expected the fields of track\.started, got others$/),
      'front door ]0;x .opened: an event that is newer than this version',
      expect.stringContaining('a [31mb person front-0-0 appeared'),
      '',
    ]);
  });

  it('warns of nothing when the log has many shards', async () => {
    await log.client.hset(LOG_KEYS.eventsInfo, 'shards', 16);
    expect(await output()).toBe('');
  });

  it('says that its output failed', async () => {
    await log.append(0, 1);
    const command = `${process.execPath} ${MAIN} events --redis ${log.url} > /dev/full`;
    const child = spawn('bash', ['-c', command]);
    let text = '';
    child.stderr.on('data', (chunk: Buffer) => (text += chunk.toString()));
    expect([...(await once(child, 'close')), text]).toEqual([
      ...[1, null],
      'sightline: sink: standard output: expected to write events, got ENOSPC: no space left on device, write\n',
    ]);
  });

  it('ends quietly when nobody reads on', async () => {
    await log.append(0, 5000);
    const command = `${process.execPath} ${MAIN} events --redis ${log.url} | head -1`;
    const child = spawn('bash', ['-o', 'pipefail', '-c', command]);
    let text = '';
    child.stderr.on('data', (chunk: Buffer) => (text += chunk.toString()));
    child.stdout.resume();
    expect([...(await once(child, 'close')), text]).toEqual([0, null, '']);
  });

  it('tells of gaps and of what is no event', async () => {
    await log.append(0, 5);
    expect(numbers(await output('--group', 'late', '--limit', '2'))).toEqual([0, 1]);
    await log.append(5, 10);
    await log.client.xtrim(LOG_KEYS.events(), 'MAXLEN', 2);
    await log.appendRaw({ hello: 'world' });
    const run = start('--group', 'late');
    expect(await run.ended).toBe(0);
    expect(numbers(run.stdout())).toEqual([8, 9]);
    const missing = run
      .stderr()
      .matchAll(/^sightline: (\d+) events? (?:are|is) missing: they were trimmed/gm);
    expect([...missing].reduce((sum, [, count]) => sum + Number(count), 0)).toBe(6);
    expect(run.stderr()).toMatch(/^sightline: entry \S+: expected a field "data" that holds a CloudEvent/m);
  });

  it('appends what was to another stream', async () => {
    await log.append(0, 2, { camera: 'early' });
    await log.append(0, 700);
    await log.append(0, 2, { camera: 'back' });
    const run = start('replay', '--to', 'lab', '--camera', 'front', '--type', 'track.*');
    expect([await run.ended, run.stderr()]).toEqual([0, '700 events appended to lab:events:0\n']);
    const [was, is] = await Promise.all(
      [LOG_KEYS.events(), 'lab:events:0'].map(async (key) => (await log.client.xrange(key, '-', '+')).map(([, fields]) => fields)), // prettier-ignore
    );
    expect(is).toEqual(was!.slice(2, 702));
    expect(numbers(await output('--namespace', 'lab'))).toHaveLength(700);
    await log.client.set('no:stream', 'x');
    const refused = start('replay', '--to', 'no:stream', '--camera', 'early');
    expect([await refused.ended, refused.stderr()]).toEqual([
      1,
      expect.stringMatching(/^sightline: unknown: redis:\S+ expected an answer, got WRONGTYPE [^\n]*\n$/),
    ]);
    const itself = start('replay', '--to', 'sightline');
    expect([await itself.ended, itself.stderr()]).toEqual([
      2,
      'sightline: --to: expected another stream than the log itself, got "sightline"\n',
    ]);
  });

  it('says how far each group is behind', async () => {
    expect(await output('lag')).toBe('no consumer group reads this log\n');
    await log.append(0, 10);
    await output('--group', 'quick');
    await log.client.xgroup('CREATE', LOG_KEYS.events(), 'slow', '0');
    await log.client.xreadgroup('GROUP', 'slow', 'me', 'COUNT', 3, 'STREAMS', LOG_KEYS.events(), '>');
    const lags = (await output('lag', '--json'))
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as object);
    expect(lags).toEqual([
      { group: 'quick', shard: 0, consumers: 0, pending: 0, lag: 0, deadLetters: 0 },
      {
        group: 'slow',
        shard: 0,
        consumers: 1,
        pending: 3,
        lag: 7,
        oldestMs: expect.any(Number),
        deadLetters: 0,
      },
    ]);
    await subscribeEvents({ url: log.url, group: 'asleep', to: 'now' }).observable.forEach(() => undefined);
    await log.append(10, 14);
    expect((await output('lag')).split('\n')[1]).toMatch(/^asleep +0 +0 +4 +0 +- +0$/);
    expect((await output('lag')).split('\n')[3]).toMatch(/^slow +0 +1 +11 +3 +\d+\.\d s +0$/);
  });

  it('takes the log from a configuration, and says what is missing without', async () => {
    await log.append(0, 1);
    const config = join(folder, 'c.yaml');
    writeFileSync(config, `cameras: { a: { url: a.mp4 } }\nevents: [{ type: redis, url: '${log.url}' }]\n`);
    const run = startSightline(folder, ['events', '--config', config]);
    expect([await run.ended, numbers(run.stdout())]).toEqual([0, [0]]);
    const without = startSightline(folder, ['events'], { env: { SIGHTLINE_REDIS_URL: '' } });
    expect(await without.ended).toBe(2);
    expect(without.stderr()).toMatch(
      /^sightline: events: expected --redis redis:\/\/host:6379, --config or SIGHTLINE_REDIS_URL/,
    );
    const wrong = [
      [['--since', 'yesterday'], /^sightline: --since: expected how long ago/],
      [['--group', 'a b'], /^sightline: --group: expected 1 to 128 letters, digits or/],
      [['--limit', '1.5'], /^sightline: --limit: expected a whole number from 1 to \d+, got "1\.5"/],
      [['replay', '--to', 'lab', '--max-len', '0.5'], /^sightline: --max-len: expected a whole number/],
    ] as const;
    const refusals = wrong.map(([args, message]) => [start(...args), message] as const);
    for (const [refused, message] of refusals)
      expect([await refused.ended, refused.stderr()]).toEqual([2, expect.stringMatching(message)]);
    const nowhere = `redis://:s3cret@127.0.0.1:${await closedPort()}`;
    const unreached = [['events'], ['events', 'lag']].map((args) =>
      startSightline(folder, [...args, '--redis', nowhere]),
    );
    for (const away of unreached) {
      expect(await away.ended).toBe(1);
      expect(away.stderr()).toMatch(/refused|expected/);
      expect(away.stderr()).not.toContain('s3cret');
    }
  });
});

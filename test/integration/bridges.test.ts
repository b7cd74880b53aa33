import { readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { LOG_KEYS } from '../support/event-log';
import type { startedEvent } from '../support/events';
import { useEventLog } from '../support/event-log-fixture';
import { listen, startMqttBroker } from '../support/mqtt-broker';
import { killAll, readEvents, startSightline } from '../support/sightline';
import type { SightlineRun } from '../support/sightline';
import { tempFolder } from '../support/temp-folder';
import { waitFor } from '../support/wait-for';
import { startWebhookServer } from '../support/webhook-server';

describe('bridges', () => {
  const folder = tempFolder();
  const log = useEventLog();
  const runs: SightlineRun[] = [];
  const open: { close(): Promise<unknown> }[] = [];
  let count = 0;
  afterEach(async () => {
    killAll(runs.splice(0));
    await Promise.all(open.splice(0).map((one) => one.close()));
  });

  const kept = async <T extends { close(): Promise<unknown> }>(opening: Promise<T>): Promise<T> => {
    const opened = await opening;
    open.push(opened);
    return opened;
  };

  function configure(bridges: object): string {
    const path = join(folder, `${String(count++)}.yaml`);
    const cameras = { box: { url: 'test:moving-box?seconds=2' } };
    writeFileSync(path, stringify({ cameras, events: [{ type: 'redis', url: log.url }], bridges }));
    return path;
  }

  function start(...args: readonly string[]): SightlineRun {
    const run = startSightline(folder, args);
    runs.push(run);
    return run;
  }

  const inLog = async () =>
    (await log.client.xrange(LOG_KEYS.events(), '-', '+')).map(
      ([, fields]) => fields[fields.indexOf('data') + 1]!,
    );

  /** The first event that was given to a group and not acknowledged. */
  const pendingFrom = async (group: string) =>
    ((await log.client.xpending(LOG_KEYS.events(), group)) as [number, string | null])[1];

  it('of a run pass on every event of it, the last one too, before it ends', async () => {
    const [hooks, broker] = [await kept(startWebhookServer()), await kept(startMqttBroker())];
    const listening = await kept(listen(broker.url));
    const path = join(folder, 'bridged.jsonl');
    const config = configure({
      hook: { type: 'webhook', url: hooks.url, allow: ['127.0.0.0/8'] },
      home: { type: 'mqtt', url: broker.url, homeAssistant: true },
      archive: { type: 'jsonl', path },
    });
    const run = start('run', '--config', config, '--quiet');
    expect([await run.ended, run.stderr()]).toEqual([0, '']);
    const events = await inLog();
    expect(events.length).toBeGreaterThan(1);
    expect(readFileSync(path, 'utf8').trimEnd().split('\n')).toEqual(events);
    expect(hooks.hooks.map(({ body }) => body)).toEqual(events);
    await listening.until('sightline/box/state', 'offline');
    await listening.until('sightline/status', 'offline');
    expect(listening.at('sightline/box/camera.online')).toEqual([events[0]]);
    expect(
      listening.at('homeassistant/binary_sensor/sightline_sightline_box/connection/config'),
    ).toHaveLength(1);
  });

  it('go on where they were when their process is killed, in order, and end once all is passed on', async () => {
    const hooks = await kept(startWebhookServer());
    const config = configure({
      hook: { type: 'webhook', url: hooks.url, allow: ['127.0.0.0/8'], from: 'oldest', timeoutMs: 60_000 },
    });
    const ids = await log.append(0, 20);
    const answer = hooks.answer;
    hooks.answer = (hook, response) => {
      if (hooks.hooks.length <= 5) answer(hook, response);
    };
    const first = start('bridge', '--config', config);
    await hooks.until(6);
    await waitFor(async () => (await pendingFrom('bridge-hook')) === ids[5], {
      what: 'five acknowledgements',
    });
    killAll([first]);
    await first.ended;
    hooks.answer = answer;
    // Others would wait for it to give no sign of life for 10 s.
    await log.client.del(LOG_KEYS.bridge('hook'));
    const next = start('bridge', '--config', config, '--once');
    expect(await next.ended).toBe(0);
    const numbers = hooks.hooks.map(
      ({ body }) => (JSON.parse(body) as ReturnType<typeof startedEvent>).data.ptsMs,
    );
    expect([...new Set(numbers)]).toEqual(Array.from({ length: 20 }, (_, n) => n));
    // The sixth twice: it was not answered.
    expect(numbers).toHaveLength(21);
    expect(next.stderr()).toMatch(/hook: \d+ delivered, 0 refused/);
  });

  it('outlive a Redis that cannot be reached later, and end at once when they are asked to', async () => {
    const path = join(folder, 'once.jsonl');
    const config = configure({ archive: { type: 'jsonl', path, from: 'oldest' } });
    await log.append(0, 3);
    const run = start('bridge', '--config', config, '--metrics', '127.0.0.1:0', '-v');
    await waitFor(() => readEvents(path).length === 3, { what: 'events in the file' });
    await log.client.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    await log.append(3, 5);
    await waitFor(() => readEvents(path).length === 5, { what: 'more events' });
    run.interruptGroup();
    expect(await run.ended).toBe(0);
  });

  it('say that they do not run where a flag sends the events elsewhere', async () => {
    const config = configure({ archive: { type: 'jsonl', path: join(folder, 'never.jsonl') } });
    const run = start('run', '--config', config, '--output', join(folder, 'instead.jsonl'), '--quiet');
    expect(await run.ended).toBe(0);
    expect(run.stderr()).toMatch(
      /^warn +bridges: expected events to go to Redis as well, got other places; no bridge runs\n$/,
    );
    expect(readEvents(join(folder, 'instead.jsonl')).length).toBeGreaterThan(1);
  });

  it('say what is missing', async () => {
    const config = configure({ archive: { type: 'jsonl', path: 'a.jsonl' } });
    const folderLink = join(folder, 'link');
    symlinkSync(folder, folderLink);
    const twice = configure({
      archive: { type: 'jsonl', path: join(folder, 'a.jsonl') },
      again: { type: 'jsonl', path: join(folderLink, 'a.jsonl') },
    });
    const cases: [readonly string[], string][] = [
      [
        ['--config', twice],
        `${join(folderLink, 'a.jsonl')}: expected a file of its own to write, got another output`,
      ],
      [[], 'bridge: expected --config, got none'],
      [['--config', config, 'hook'], 'bridge: expected one of archive, got "hook"'],
      [['--config', configure({})], 'bridge: expected a configuration with bridges, got one without'],
    ];
    const ended = await Promise.all(
      cases.map(async ([args]) => {
        const run = start('bridge', ...args);
        return [await run.ended, run.stderr().trim()];
      }),
    );
    expect(ended).toEqual(cases.map(([, text]) => [2, `sightline: ${text}`]));
  });
});

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { percentEncode } from '../../models/domain/redact';
import { createRedis } from '../../models/support/redis';
import { makeVideo } from '../fixtures/make-video';
import { closedPort } from '../support/closed-port';
import { guarded, httpCameras, jpegsOf, mjpeg } from '../support/http-camera';
import {
  anySecret,
  encodedLoosely,
  filesIn,
  leaksIn,
  plainSecret,
  rawSecret,
} from '../support/planted-secrets';
import { startRedisServer } from '../support/redis-server';
import type { RedisServer } from '../support/redis-server';
import { rtspFixture } from '../support/rtsp-fixture';
import { killAll, readEvents, startSightline } from '../support/sightline';
import type { SightlineRun } from '../support/sightline';
import { tempFolder } from '../support/temp-folder';
import { waitFor } from '../support/wait-for';

/** One camera: how it is written, and what is said of it first. */
interface Planted {
  readonly url: string;
  /** The stream that its annotated video is to be made of. */
  readonly viewUrl?: string;
  readonly secret: string;
  readonly state: 'online' | 'degraded corrupt' | `offline ${string}`;
}

describe('a password', () => {
  const folder = tempFolder();
  const runs: SightlineRun[] = [];
  const fixture = rtspFixture(() => '');
  const startHttp = httpCameras();
  let video: string;
  let jpegs: readonly Buffer[];
  const redisServers: RedisServer[] = [];

  beforeAll(async () => {
    video = await makeVideo.plain(folder, { size: '160x120', fps: 5, seconds: 4 });
    const mpjpeg = join(folder, 'a.mpjpeg');
    execFileSync('ffmpeg', ['-v', 'error', '-y', '-i', video, '-c:v', 'mjpeg', '-f', 'mpjpeg', mpjpeg]);
    jpegs = jpegsOf(readFileSync(mpjpeg));
  });

  afterEach(async () => {
    killAll(runs.splice(0));
    await Promise.all(redisServers.splice(0).map((server) => server.close()));
  });

  function start(args: readonly string[], env: Readonly<Record<string, string>>): SightlineRun {
    const run = startSightline(folder, args, { env });
    runs.push(run);
    return run;
  }

  it('stands in nothing that comes out, whatever is in it, however it is given, and whatever the camera does', async () => {
    const secrets = fc.record({
      any: fc.array(anySecret, { minLength: 8, maxLength: 8 }),
      raw: fc.array(rawSecret, { minLength: 6, maxLength: 6 }),
      plain: fc.array(plainSecret, { minLength: 3, maxLength: 3 }),
    });
    await fc.assert(
      fc.asyncProperty(secrets, (given) => expectNoLeak(given)),
      // One run of many processes and secrets; smaller ones would tell little more for the time they take.
      { numRuns: 1, endOnFailure: true },
    );
  });

  interface Given {
    readonly any: readonly string[];
    readonly raw: readonly string[];
    readonly plain: readonly string[];
  }

  async function expectNoLeak({ any, raw, plain }: Given): Promise<void> {
    const [input, output] = ['in', 'out'].map((name) => join(folder, name)) as [string, string];
    for (const path of [input, output]) mkdirSync(path, { recursive: true });
    const env: Record<string, string> = {};
    /** Written as a variable, or a file. */
    const filledIn = (secret: string, way: 'env' | 'file') => {
      const name = `S${Object.keys(env).length}`;
      env[name] = secret;
      if (way === 'env') return `\${${name}}`;
      writeFileSync(join(input, name), `${secret}\n`);
      return `\${file:${name}}`;
    };
    const redisPassword = any[0]!;
    const redisUrl = `redis://:${percentEncode(redisPassword)}@127.0.0.1`;
    const redis = await startRedisServer(['--requirepass', redisPassword]);
    redisServers.push(redis);

    const cameras = await plantCameras({ any: any.slice(1), raw, plain }, filledIn);
    const config = (events: string, more = '') =>
      [
        'model: { processes: 1 }',
        'cameras:',
        ...Object.entries(cameras).map(([name, { url, viewUrl }]) => {
          const view = viewUrl === undefined ? '' : `, viewUrl: ${JSON.stringify(viewUrl)}`;
          const isAnnotated = viewUrl !== undefined || name === 'damaged';
          const annotate = isAnnotated ? `, annotate: ${join(output, `${events}-${name}.mp4`)}` : '';
          return `  ${name}: { url: ${JSON.stringify(url)}, maxFps: 2${view}${annotate} }`;
        }),
        'events:',
        `  - { type: jsonl, path: ${join(output, `${events}.jsonl`)} }`,
        `  - { type: redis, url: 'redis://:${filledIn(redisPassword, 'env')}@127.0.0.1:${redis.port}' }`,
        more,
      ].join('\n');
    const fileOf = (name: string, text: string) => {
      const path = join(input, name);
      writeFileSync(path, text);
      return path;
    };
    const ofRun = fileOf('run.yaml', config('run'));
    const ofIngest = fileOf('ingest.yaml', config('ingest'));
    const faulty = fileOf(
      'faulty.yaml',
      config('faulty', 'namespace: A B').replaceAll('maxFps: 2', 'maxFps: -2'),
    );
    const queueUrl = fileOf('queue-url', `${redisUrl}:${redis.port}\n`);
    const wrongUrl = `redis://:${percentEncode(any[1]!)}@127.0.0.1:${redis.port}`;

    const metricsPort = await closedPort();
    const long = [
      start(['run', '--config', ofRun, '--verbose', '--metrics', `${metricsPort}`], env),
      start(['ingest', '--config', ofIngest, '--queue', `file:${queueUrl}`, '--namespace', 'shared', '--log-format', 'json'], env), // prettier-ignore
      start(['worker', '--processes', '1', '--namespace', 'shared', '--verbose'], {
        SIGHTLINE_REDIS_URL: `${redisUrl}:${redis.port}`,
      }),
    ];
    const outputs = new Map<string, Buffer | string>();
    const told = (events: string) => {
      const states = readEvents(join(output, `${events}.jsonl`)).map(({ type, subject, data }) => {
        const cause = 'cause' in data ? ` ${data.cause}` : '';
        return `${subject}: ${type.replace('camera.', '')}${cause}`;
      });
      return Object.entries(cameras).filter(([name, { state }]) => !states.includes(`${name}: ${state}`));
    };
    for (const events of ['run', 'ingest']) {
      await waitFor(() => told(events).length === 0, {
        what: `every camera of ${events}`,
        timeoutMs: 60_000,
      }).catch((error: unknown) => {
        const missing = told(events).map(([name, { state }]) => `${name} ${state}`);
        throw new Error(`${missing.join(', ')}\n${long.map(({ stderr }) => stderr()).join('\n')}`, {
          cause: error,
        });
      });
    }
    for (const path of ['metrics', 'readyz', 'healthz']) {
      outputs.set(path, await (await fetch(`http://127.0.0.1:${metricsPort}/${path}`)).text());
    }
    // FFmpeg takes its URL as an argument, and nothing else does.
    for (const { pid, command } of long.flatMap((run) => run.processes())) {
      if (!command.startsWith('ffmpeg ') && !/\/ffmpeg /.test(command))
        outputs.set(`argv of ${pid}`, command);
    }
    for (const run of long) run.child.kill('SIGINT');

    const [{ url: pasted }] = [cameras['pasted']!];
    const short = await Promise.all(
      [
        ['probe', '--config', ofRun, '--all', '--seconds', '1'],
        ['probe', '--config', ofRun, '--all', '--seconds', '1', '--json'],
        ['validate', ofRun],
        ['validate', faulty],
        ['run', '--config', faulty],
        ['run', '--config', ofRun, '--output', '/no/such/folder/a.jsonl'],
        ['run', 'test:noise', '--events', wrongUrl],
        ['run', 'test:noise', '--events', wrongUrl, '--log-format', 'json'],
        ['worker', '--queue', wrongUrl],
        ['probe', pasted],
        ['probe', pasted, '--json'],
        ['probe', pasted, pasted],
        ['probe', '--config', ofRun, '--camera', pasted],
        [pasted],
        ['run', pasted, '--log-format', pasted],
        ['run', pasted, `--${pasted}`],
        ['run', `x${pasted}`, '--queue', pasted],
        ['detect', pasted],
        ['validate', pasted],
        ['run', '--config', pasted],
        ['run', 'test:noise', '--model', pasted],
        ['worker', '--queue', pasted, '--metrics', pasted],
      ].map(async (args) => {
        const run = start(args, env);
        await run.ended;
        return run;
      }),
    );
    await Promise.all(long.map(({ ended }) => ended));
    expect(long.map(({ stderr }) => stderr().length > 0)).toEqual(long.map(() => true));

    for (const [index, run] of [...long, ...short].entries()) {
      const args = run.child.spawnargs.slice(2, 5).join(' ');
      outputs.set(`stdout of ${index} (${args})`, run.stdout());
      outputs.set(`stderr of ${index} (${args})`, run.stderr());
      for (const [name, bytes] of filesIn(run.tempPath)) outputs.set(name, bytes);
    }
    for (const [name, bytes] of filesIn(output)) outputs.set(name, bytes);
    for (const [name, bytes] of await storedIn(`${redisUrl}:${redis.port}`)) outputs.set(name, bytes);
    for (const events of ['run', 'ingest'])
      expect(outputs.has(join(output, `${events}-damaged.mp4`))).toBe(true);
    expect(long[0]!.stderr()).toMatch(/basic: viewUrl: ended: /);
    expect(leaksIn(outputs, [...any, ...raw, ...plain])).toEqual([]);
  }

  /** Cameras of every kind and fate, each with a secret of its own. */
  async function plantCameras(
    { any, raw, plain }: Given,
    filledIn: (secret: string, way: 'env' | 'file') => string,
  ): Promise<Readonly<Record<string, Planted>>> {
    const guard = { user: 'guard', video };
    const keyPath = `/live/${plain[0]!}`;
    const [pasted, damaged, basic, keyed, broken] = await Promise.all([
      fixture.start({ ...guard, password: raw[0]! }),
      fixture.start({ ...guard, password: any[0]! }),
      fixture.start({ ...guard, password: any[1]!, auth: 'basic' }),
      fixture.start({ video, path: keyPath }),
      fixture.start({ video, path: keyPath }),
    ]);
    for (const server of [pasted, damaged, keyed]) server.corrupt(0.3);
    broken.answerWith(503);
    const http = await startHttp({
      answers: {
        '/video': guarded(`guard:${any[2]!}`, mjpeg(jpegs, 200)),
        '/pasted': guarded(`guard:${raw[1]!}`, mjpeg(jpegs, 200)),
      },
    });
    const refusing = await closedPort();
    const at = ({ port }: { readonly port: number }, userinfo: string, path = '/stream') =>
      `rtsp://guard:${userinfo}@127.0.0.1:${port}${path}`;
    const httpAt = (path: string, userinfo: string) =>
      `http://guard:${userinfo}@127.0.0.1:${http.port}${path}`;
    const camera = (secret: string, state: Planted['state'], url: string): Planted => ({
      secret,
      state,
      url,
    });
    return {
      pasted: camera(raw[0]!, 'degraded corrupt', at(pasted, raw[0]!)),
      damaged: camera(any[0]!, 'degraded corrupt', at(damaged, filledIn(any[0]!, 'env'))),
      basic: {
        ...camera(any[1]!, 'online', at(basic, filledIn(any[1]!, 'file'))),
        viewUrl: at(broken, filledIn(any[0]!, 'env'), keyPath),
      },
      keyed: camera(plain[0]!, 'degraded corrupt', `rtsp://127.0.0.1:${keyed.port}/live/${filledIn(plain[0]!, 'env')}`), // prettier-ignore
      wrong: camera(raw[2]!, 'offline auth', at(damaged, raw[2]!)),
      'wrong-basic': camera(any[3]!, 'offline auth', at(basic, encodedLoosely(any[3]!))),
      nowhere: camera(any[1]!, 'offline not_found', at(basic, percentEncode(any[1]!), '/nowhere')),
      refusing: camera(any[4]!, 'offline refused', at({ port: refusing }, filledIn(any[4]!, 'file'))),
      'refusing-key': camera(plain[1]!, 'offline refused', `rtsp://127.0.0.1:${refusing}/${filledIn(plain[1]!, 'env')}`), // prettier-ignore
      // FFmpeg says these with the URL.
      'broken-key': camera(plain[0]!, 'offline ended', `rtsp://127.0.0.1:${broken.port}/live/${filledIn(plain[0]!, 'env')}`), // prettier-ignore
      broken: camera(raw[5]!, 'offline ended', at(broken, raw[5]!, keyPath)),
      unknown: camera(raw[3]!, 'offline dns', `rtsp://guard:${raw[3]!}@no-such-host.invalid/stream`),
      'wrong-env': camera(any[5]!, 'offline auth', at(basic, filledIn(any[5]!, 'env'))),
      mjpeg: camera(any[2]!, 'online', httpAt('/video', filledIn(any[2]!, 'env'))),
      'mjpeg-pasted': camera(raw[1]!, 'online', httpAt('/pasted', raw[1]!)),
      'mjpeg-wrong': camera(raw[4]!, 'offline auth', httpAt('/video', raw[4]!)),
      'mjpeg-nowhere': camera(any[6]!, 'offline not_found', httpAt('/nowhere', encodedLoosely(any[6]!))),
      'mjpeg-token': camera(plain[2]!, 'offline not_found', `http://127.0.0.1:${http.port}/nowhere?token=${filledIn(plain[2]!, 'file')}`), // prettier-ignore
    };
  }

  /** All that was ever written to the Redis, and who is connected. */
  async function storedIn(url: string): Promise<ReadonlyMap<string, Buffer | string>> {
    const client = createRedis({ url, role: 'consumer', purpose: 'test' });
    try {
      const [, folderOf = ''] = await client.config('GET', 'dir');
      const log = filesIn(join(folderOf, 'appendonlydir'));
      expect([...log.values()].some((bytes) => bytes.includes('camera.online'))).toBe(true);
      return new Map<string, Buffer | string>([
        ...log,
        ['clients of Redis', String(await client.client('LIST'))],
      ]);
    } finally {
      client.disconnect();
    }
  }
});

import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { startRtspServer } from '../fixtures/rtsp-server';
import type { RtspServer } from '../fixtures/rtsp-server';
import { closedPort } from '../support/closed-port';
import { PLAZA, killAll, startSightline } from '../support/sightline';
import type { SightlineRun } from '../support/sightline';
import { tempFolder } from '../support/temp-folder';
import { waitFor } from '../support/wait-for';

const YARD = {
  points: [
    [0.1, 0.5],
    [0.4, 0.5],
    [0.4, 0.9],
    [0.1, 0.9],
  ],
};
const GATE = {
  points: [
    [0.5, 0.8],
    [0.9, 0.8],
  ],
};
const MASK = {
  points: [
    [0, 0],
    [0.5, 0],
    [0.5, 0.2],
    [0, 0.2],
  ],
};

describe('sightline zones', () => {
  const folder = tempFolder();
  const inFolder = (name: string) => join(folder, name);
  const runs: SightlineRun[] = [];
  const servers: RtspServer[] = [];

  afterEach(async () => {
    killAll(runs.splice(0));
    await Promise.all(servers.splice(0).map((server) => server.close()));
  });

  function start(...args: readonly string[]): SightlineRun {
    const run = startSightline(folder, ['zones', ...args]);
    runs.push(run);
    return run;
  }

  async function finish(...args: readonly string[]) {
    const run = start(...args);
    const code = await run.ended;
    expect(run.processes()).toEqual([]);
    expect(readdirSync(folder).filter((name) => name.endsWith('.part'))).toEqual([]);
    return { code, stdout: run.stdout(), stderr: run.stderr() };
  }

  function writeConfig(name: string, cameras: object): string {
    const path = inFolder(`${name}.yaml`);
    writeFileSync(path, stringify({ cameras }));
    return path;
  }

  async function startServer(): Promise<RtspServer> {
    const server = await startRtspServer({ video: PLAZA, reencode: false });
    servers.push(server);
    return server;
  }

  /** Red, green and blue of a pixel. */
  function colourOf(path: string) {
    const raw = execFileSync(
      'ffmpeg',
      ['-v', 'error', '-i', path, '-f', 'rawvideo', '-pix_fmt', 'rgb24', 'pipe:1'],
      { maxBuffer: 1 << 24 },
    );
    expect(raw).toHaveLength(768 * 576 * 3);
    return (x: number, y: number) => [...raw.subarray((y * 768 + x) * 3, (y * 768 + x) * 3 + 3)];
  }

  it('draws the zones and lines of a recording, with its masks black, and says what they are like', async () => {
    const small = {
      points: [
        [0.1, 0.05],
        [0.11, 0.05],
        [0.11, 0.06],
      ],
    };
    const tiny = {
      points: [
        [0.9, 0.3],
        [0.92, 0.3],
      ],
    };
    const everything = {
      points: [
        [0, 0],
        [1, 0],
        [1, 1],
        [0, 1],
      ],
    };
    const ground = {
      points: everything.points,
      metres: [
        [0, 0],
        [8.5, 0],
        [8.5, 20],
        [0, 20],
      ],
    };
    const rules = {
      ...{ masks: [MASK], zones: { yard: YARD, small }, lines: { gate: GATE, tiny } },
      speed: { ground },
    };
    const config = writeConfig('one', { plaza: { url: PLAZA, ...rules } });
    const output = inFolder('one.png');
    const { code, stdout } = await finish('--config', config, '--output', output, '--at', '3');
    expect(code).toBe(0);
    expect(stdout).toBe(
      [
        `${output}  768x576`,
        '  zone  yard   12 % of the picture',
        '  zone  small  0.005 % of the picture',
        '  warning: zone small: expected at least 0.1 % of the picture: hardly anything can be in it',
        '  warning: zone small: it is wholly under privacy masks: nothing is seen there',
        '  line  gate   40 % of its width long',
        '  line  tiny   2 % of its width long',
        "  warning: line tiny: expected at least 5 % of the picture's width: most will pass beside it",
        '  ground  8.5 m by 20 m',
        '',
      ].join('\n'),
    );
    const colour = colourOf(output);
    for (const [x, y] of [
      [300, 20],
      [20, 80],
      [350, 100],
    ] as const)
      expect(colour(x, y)).toEqual([0, 0, 0]);
    const [red, green, blue] = colour(77, 400);
    expect(Math.min(red!, green!)).toBeGreaterThan(blue! + 100);

    const whole = writeConfig('whole', { plaza: { url: PLAZA, zones: { everything } } });
    const told = await finish('--config', whole, '--output', inFolder('whole.png'));
    expect(told.stdout).toContain('everything: expected at most 95 % of the picture');
  });

  it("takes the picture of a live camera's viewUrl, or of another input", async () => {
    const server = await startServer();
    const dead = `rtsp://127.0.0.1:${await closedPort()}/stream`;
    const config = writeConfig('live', {
      front: { url: dead, viewUrl: server.url(), zones: { yard: YARD } },
    });
    const output = inFolder('live.png');
    const [live, other] = [
      await finish('-c', config, '--output', output, '--at', '0.5'),
      await finish(PLAZA, '-c', config, '--output', inFolder('other.png')),
    ];
    expect([live.code, other.code]).toEqual([0, 0]);
    for (const path of [output, inFolder('other.png')]) {
      const [red, green, blue] = colourOf(path)(77, 400);
      expect(Math.min(red!, green!)).toBeGreaterThan(blue! + 100);
    }
  });

  it('says what is wrong with a camera without its password, and leaves what was there', async () => {
    const port = await closedPort();
    const config = writeConfig('dead', {
      front: { url: `rtsp://guard:s3cret@127.0.0.1:${port}/stream`, zones: { yard: YARD } },
    });
    const output = inFolder('dead.png');
    writeFileSync(output, 'as it was');
    const { code, stdout, stderr } = await finish('-c', config, '--output', output);
    expect(code).toBe(1);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/^sightline: rtsp:\/\/\*\*\*@127\.0\.0\.1:\d+\/stream: refused: .*; check host/);
    expect(stderr).not.toContain('s3cret');
    expect(readFileSync(output, 'utf8')).toBe('as it was');
  });

  it('says of a recording that it ends before the picture that was asked for', async () => {
    const config = writeConfig('short', { plaza: { url: PLAZA } });
    const { code, stderr } = await finish('-c', config, '--output', inFolder('short.png'), '--at', '100');
    expect(code).toBe(1);
    expect(stderr).toContain('ended: expected a picture at 100 s, got 23.9 s of pictures before the end;');
    expect(stderr).toContain('ask for an earlier picture with --at');
    expect(existsSync(inFolder('short.png'))).toBe(false);
    const gone = await finish(inFolder('gone.mp4'), '-c', config, '--output', inFolder('short.png'));
    expect(gone.code).toBe(1);
    expect(gone.stderr).toMatch(
      /^sightline: not_found: [^:]*gone\.mp4: expected a file, found nothing there;/,
    );
  });

  it('needs a configuration that is right, one camera of it, and a PNG that is no input', async () => {
    const two = writeConfig('two', { a: { url: PLAZA }, b: { url: PLAZA } });
    const bad = writeConfig('bad', { a: { url: PLAZA, zones: { yard: { points: [[0, 0]] } } } });
    const still = inFolder('still.png');
    writeFileSync(still, 'a picture');
    const picture = writeConfig('picture', { a: { url: still } });
    mkdirSync(inFolder('pictures'));
    const pictures = writeConfig('pictures', { a: { url: `${inFolder('pictures')}/` } });
    for (const [args, said] of [
      [['-c', two], '--camera: expected one of a, b, got none'],
      [['-c', two, '--camera', 'c'], '--camera: expected one of a, b, got "c"'],
      [['-c', bad], 'cameras.a.zones.yard.points'],
      [['-c', picture, '--output', still], 'expected a file of its own to write, got an input'],
      [['-c', two, '--camera', 'a', '--output', inFolder('x.jpg')], 'expected a file with the ending .png'],
      [['-c', two, '--camera', 'a', '--output', inFolder('no/x.png')], 'got no folder'],
      [['-c', two, '--camera', 'a', '--at', '-1'], '--at: expected a number from 0'],
      [['-c', pictures, '--output', inFolder('pictures/more.png')], 'expected a place outside the folders'],
      [['guard:s3cret@cam', '-c', two, '--camera', 'a'], 'guard:***@cam: expected a URL'],
      [['gopher://x', '-c', two, '--camera', 'a'], 'gopher://x: expected a URL'],
    ] as const) {
      const { code, stderr } = await finish(...args);
      expect([args, code, stderr]).toEqual([args, 2, expect.stringContaining(said)]);
    }
    expect(readFileSync(still, 'utf8')).toBe('a picture');
  });

  it('is left on Ctrl-C while it waits, with nothing written', async () => {
    const server = await startServer();
    server.freeze();
    const config = writeConfig('frozen', { front: { url: server.url() } });
    const run = start('-c', config, '--output', inFolder('frozen.png'));
    await waitFor(() => server.connections === 1, { what: 'the connection' });
    run.interruptGroup();
    expect(await run.ended).toBe(1);
    expect(run.processes()).toEqual([]);
    expect(existsSync(inFolder('frozen.png'))).toBe(false);
  });
});

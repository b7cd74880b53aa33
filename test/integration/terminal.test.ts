import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { renderScreen } from '../support/screen';
import { MAIN, PLAZA, readEvents } from '../support/sightline';
import { tempFolder } from '../support/temp-folder';
import { waitFor } from '../support/wait-for';
import { copyModel } from '../workers/support/pool-fixture';

const CURSOR_SHOWN = '\x1b[?25h';
const WRAP_ON = '\x1b[?7h';

describe('a run on a terminal', () => {
  const folder = tempFolder();
  const children: ChildProcess[] = [];

  afterEach(() => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
  });

  /** Runs the command line on a pseudo-terminal of 110 columns, where standard output and standard error are one. */
  function start(...args: readonly string[]) {
    const command = ['node', MAIN, 'run', ...args].map((part) => `'${part}'`).join(' ');
    const child = spawn('script', ['-qec', `stty cols 110 rows 50; exec ${command}`, '/dev/null'], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    children.push(child);
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    return {
      output: () => output,
      press: (key: string) => void child.stdin.write(key),
      ended: new Promise<number | null>((resolve) => child.on('close', resolve)),
    };
  }

  function expectModesRestored(output: string): void {
    expect(output.lastIndexOf(CURSOR_SHOWN)).toBeGreaterThan(output.lastIndexOf('\x1b[?25l'));
    expect(output.lastIndexOf(WRAP_ON)).toBeGreaterThan(output.lastIndexOf('\x1b[?7l'));
  }

  it('shows a bar with frames, fps and time left, and in the end the bar and a summary', async () => {
    const events = join(folder, 'events.jsonl');
    const run = start(PLAZA, '--max-fps', '5', '--output', events);
    expect(await run.ended).toBe(0);
    const output = run.output();
    expect(output).toMatch(
      /plaza \[=+-+\] [1-9]\d?% \| \d+ frames \| [1-9]\d*\.\d fps \| \d+ tracks \| [1-9]\d* s left/,
    );
    expectModesRestored(output);
    expect(renderScreen(output)).toEqual([
      expect.stringMatching(/^plaza \[=+\] 100% \| 120 frames \| \d+\.\d fps \| \d+ tracks \| 0 s left$/),
      expect.stringMatching(
        /^plaza: completed, 120 frames looked at \(\d+\.\d a second\), \d+ tracks, \d+ events$/,
      ),
      `events: ${events}`,
    ]);
  });

  it('shows all events above the bar where no other place for them was named', async () => {
    const run = start(PLAZA, '--max-fps', '4');
    expect(await run.ended).toBe(0);
    const screen = renderScreen(run.output());
    const count = (sign: RegExp) => screen.filter((line) => sign.test(line)).length;
    expect(screen[0]).toBe('00:00:00.000 plaza online, 768x576');
    expect(count(/^00:00:\d\d\.\d{3} plaza \w+ plaza-0-\d+ appeared/)).toBeGreaterThanOrEqual(8);
    expect(count(/ gone after /)).toBe(count(/ appeared /));
    expect(screen.slice(-3)).toEqual([
      expect.stringMatching(/^00:00:23\.\d{3} plaza offline: completed$/),
      expect.stringMatching(/^plaza \[=+\] 100%/),
      expect.stringMatching(/^plaza: completed, /),
    ]);
  });

  it('shows a line for each camera, and after Ctrl-C what becomes of it', async () => {
    const config = join(folder, 'live.yaml');
    writeFileSync(
      config,
      `cameras: { gate: { url: ${PLAZA}, loop: true }, gone: { url: ${join(folder, 'gone.mp4')}, loop: true } }\n` +
        `events: [{ type: jsonl, path: ${join(folder, 'live.jsonl')} }]\n`,
    );
    const run = start('--config', config);
    const sign =
      /gate online \| [1-9]\d* frames \| [1-9]\d*\.\d fps \| [1-9]\d* tracks \| \d+ dropped \| \d+ events/;
    await waitFor(() => sign.test(run.output()), { what: 'the line of the camera', timeoutMs: 20_000 });
    run.press('\x03');
    expect(await run.ended).toBe(1);
    expectModesRestored(run.output());
    const screen = renderScreen(run.output());
    expect(screen.filter((line) => line.endsWith('press Ctrl-C again to stop at once'))).toHaveLength(1);
    expect(screen.filter((line) => /gate stopped \| [1-9]\d* frames/.test(line))).toHaveLength(1);
    expect(screen.some((line) => line.includes('error gone: not_found'))).toBe(true);
    expect(screen.at(-3)).toMatch(/^gate: stopped, /);
  });

  it('gives the terminal back as it was after a second Ctrl-C', async () => {
    const config = join(folder, 'hang.yaml');
    const manifest = copyModel(folder, { kind: 'hang', afterFrames: 0 });
    writeFileSync(
      config,
      `model: { name: ${manifest} }\ncameras: { gate: { url: ${PLAZA}, loop: true } }\n` +
        `events: [{ type: jsonl, path: ${join(folder, 'hang.jsonl')} }]\n`,
    );
    const run = start('--config', config);
    await waitFor(() => readEvents(join(folder, 'hang.jsonl')).length === 1, { what: 'the first frame' });
    run.press('\x03');
    await waitFor(() => run.output().includes('stopping'), { what: 'the first to be noticed' });
    let hasEnded = false;
    const ended = run.ended.finally(() => (hasEnded = true));
    // Two within a few milliseconds are one request: a person presses again.
    const pressAgain = () => {
      if (!hasEnded && !run.output().includes('stopped at once')) run.press('\x03');
      return hasEnded;
    };
    await waitFor(pressAgain, { what: 'the end' });
    expect(await ended).toBe(1);
    expectModesRestored(run.output());
    expect(renderScreen(run.output())).toContain('stopped at once: what was not written is lost');
  });
});

it('a terminal gets no control character of a command that there is not', () => {
  const { status, stderr } = spawnSync(process.execPath, [MAIN, 'r\x1b[31mn\x07'], { encoding: 'utf8' });
  expect([status, stderr]).toEqual([2, "error: unknown command 'r [31mn '\n"]);
});

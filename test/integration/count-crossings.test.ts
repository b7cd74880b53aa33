import { execFileSync, spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../models/support/package-root';
import { startedEvent } from '../support/events';
import { useEventLog } from '../support/event-log-fixture';
import { tempFolder } from '../support/temp-folder';
import { waitFor } from '../support/wait-for';

const TSX = join(packageRoot, 'node_modules/.bin/tsx');
const EXAMPLE = join(packageRoot, 'config/examples/consumers/typescript/count-crossings.mts');

describe('the example in TypeScript', () => {
  const folder = tempFolder();
  const log = useEventLog();
  const children: ChildProcess[] = [];
  afterEach(() => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
  });

  /** Crossings number `from` to `to` (not included), two of three inwards, each between two events of another type. */
  async function cross(from: number, to: number): Promise<void> {
    for (let n = from; n < to; n++) {
      await log.append(n, n + 1);
      const started = startedEvent(n);
      const data = { ...started.data, line: 'gate', direction: n % 3 === 0 ? 'out' : 'in' };
      const event = { ...started, id: `crossing-${String(n)}`, type: 'line.crossed', data };
      await log.appendRaw({
        type: event.type,
        camera: 'front',
        id: event.id,
        seq: String(n),
        data: JSON.stringify(event),
      });
    }
  }

  const countsIn = (file: string) =>
    (JSON.parse(readFileSync(file, 'utf8')) as { counts: Record<string, { in: number; out: number }> })
      .counts;

  it('says how it is called, and touches nothing, when it is called otherwise', () => {
    const file = join(folder, 'untouched.json');
    for (const args of [[file, log.url, '-once'], [file, '-once'], ['--help'], ['--once']]) {
      const { status, stderr } = spawnSync(TSX, [EXAMPLE, ...args], { encoding: 'utf8' });
      expect([status, stderr.trim()]).toEqual([
        2,
        'expected: count-crossings.mts counts.json [redis://host:6379] [--once]',
      ]);
    }
    expect(existsSync(file)).toBe(false);
  });

  it('counts each crossing once, although it is killed in the middle, and repeats none when it is started again', async () => {
    const file = join(folder, 'counts.json');
    await cross(0, 300);
    const first = spawn(TSX, [EXAMPLE, file, log.url], {
      stdio: ['ignore', 'ignore', 'inherit'],
      detached: true,
    });
    children.push(first);
    await waitFor(() => existsSync(file), { what: 'the first counts', timeoutMs: 60_000 });
    process.kill(-first.pid!, 'SIGKILL');
    await once(first, 'exit');
    const before = countsIn(file)['front/gate']!;
    expect(before.in + before.out).toBeLessThanOrEqual(300);
    await cross(300, 330);
    for (let runs = 0; runs < 2; runs++)
      execFileSync(TSX, [EXAMPLE, file, log.url, '--once'], { stdio: 'ignore' });
    expect(countsIn(file)).toEqual({ 'front/gate': { in: 220, out: 110 } });
  });
});

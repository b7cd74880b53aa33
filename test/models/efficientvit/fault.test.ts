import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createFaultHook } from '../../../models/efficientvit/fault';
import type { Fault } from '../../../models/efficientvit/manifest-schema';
import { packageRoot } from '../../../models/support/package-root';
import { waitFor } from '../../support/wait-for';

const SOURCE = join(packageRoot, 'models/efficientvit/fault.ts');

const DELAY = { kind: 'delay', delayMs: 0, runsModel: false } as const;

/** A process that applies the hook to batches of two frames, saying `asked` before and `answered` after each. */
function start(fault: Fault) {
  const program = `
    const { writeSync } = require('node:fs');
    const { createFaultHook } = require(${JSON.stringify(SOURCE)});
    const hook = createFaultHook(${JSON.stringify(fault)});
    (async () => {
      for (let batch = 0; batch < 3; batch++) {
        writeSync(1, 'asked ');
        await hook(2, (frame) => batch * 2 + frame);
        writeSync(1, 'answered ');
      }
    })();`;
  const child = spawn(process.execPath, ['--require', 'tsx/cjs', '-e', program], {
    cwd: packageRoot,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  return { child, said: () => text.trim(), ended: once(child, 'close') };
}

describe('createFaultHook', () => {
  it('lets every batch through where no fault is asked for', async () => {
    const hook = createFaultHook(undefined);
    expect(await Promise.all([hook(1), hook(100)])).toEqual([true, true]);
  });

  it('counts frames, and meets the batch that holds the first frame too many', async () => {
    const hook = createFaultHook({ ...DELAY, afterFrames: 5 });
    expect([await hook(3), await hook(2), await hook(1), await hook(1)]).toEqual([true, true, false, false]);
  });

  it('waits no more after the frames it was asked to wait for', async () => {
    const hook = createFaultHook({ ...DELAY, afterFrames: 1, untilFrames: 3 });
    expect([await hook(1), await hook(2), await hook(1)]).toEqual([true, false, true]);
  });

  it('fails every batch from the frame that it was asked for, on the provider that it was asked for', async () => {
    const fault = { kind: 'refuse', afterFrames: 2, provider: 'cuda' } as const;
    const [cuda, cpu] = [createFaultHook(fault, 'cuda'), createFaultHook(fault, 'cpu')];
    expect([await cuda(2), await cpu(2), await cpu(2)]).toEqual([true, true, true]);
    for (let batch = 0; batch < 2; batch++) await expect(cuda(1)).rejects.toThrow('as the manifest asks');
  });

  it('ends the process as native code would when it crashes', async () => {
    const { said, ended } = start({ kind: 'crash', afterFrames: 3 });
    expect(await ended).toEqual([null, 'SIGABRT']);
    expect(said()).toBe('asked answered asked');
  });

  it('crashes only for the frame that begins with a given byte, where there is one', async () => {
    const { said, ended } = start({ kind: 'crash', afterFrames: 0, firstByte: 3 });
    expect(await ended).toEqual([null, 'SIGABRT']);
    expect(said()).toBe('asked answered asked');
  });

  it('blocks the thread when it hangs', async () => {
    const { child, said, ended } = start({ kind: 'hang', afterFrames: 2 });
    const state = () => readFileSync(`/proc/${child.pid!}/stat`, 'latin1').split(') ')[1]?.[0];
    await waitFor(() => said() === 'asked answered asked' && state() === 'S', { what: 'the hang' });
    child.kill('SIGKILL');
    expect(await ended).toEqual([null, 'SIGKILL']);
    expect(said()).toBe('asked answered asked');
  });
});

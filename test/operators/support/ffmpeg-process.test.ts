import { startFfmpeg } from '../../../operators/support/ffmpeg-process';
import { createSocketPair } from '../../../operators/support/socket-pair';
import { processesWith } from '../../support/processes';

describe('startFfmpeg', () => {
  it('starts nothing when it is killed before it could, with the sockets of the process closed', async () => {
    const { near, far } = await createSocketPair({ buffer: new Uint8Array(16), callback: () => true });
    const marker = `lavfi-${process.pid}-never`;
    const ffmpeg = startFfmpeg({
      input: { options: ['-f', 'lavfi'], source: 'testsrc=size=64x48' },
      outputs: [{ options: ['-metadata', `title=${marker}`, '-f', 'nut'], target: 'pipe:1' }],
      stdout: far,
    });
    far.destroy();
    near.destroy();
    const exit = await ffmpeg.kill();
    expect(exit).toMatchObject({ code: null, signal: 'SIGKILL', stderrTail: [] });
    expect(exit.error?.message).toBe('unknown: ffmpeg was ended by SIGKILL');
    expect(processesWith(marker)).toEqual([]);
  });
});

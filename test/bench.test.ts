import { spawnSync } from 'node:child_process';
import { difference } from './bench/cameras/measure';
import { frameCounts, motionConfig, motionEvents } from './bench/cameras/programs';
import { parseCpu, treeCpu } from './bench/process-tree';

describe('what the benches count with', () => {
  it('reads the CPU time of a process and of its ended children from its stat line', () => {
    const fields = (ticks: string) => `S 1 7 7 0 -1 4194560 100 0 0 0 ${ticks} 20 0 4 0 12345 1000 200`;
    expect(parseCpu(`42 (node) ${fields('3 4 50 600')}\n`)).toEqual({ pid: 42, name: 'node', cpuMs: 6570 });
    expect(parseCpu(`42 (a b) S) ${fields('1 0 0 0')}\n`)).toEqual({ pid: 42, name: 'a b) S', cpuMs: 10 });
    expect(parseCpu('')).toBeUndefined();
  });

  it('finds this process, with what its ended children used', () => {
    const cpuMs = () => treeCpu(process.pid).find(({ pid }) => pid === process.pid)!.cpuMs;
    const before = cpuMs();
    spawnSync(process.execPath, ['-e', 'while (process.cpuUsage().user + process.cpuUsage().system < 3e5);']);
    expect(cpuMs() - before).toBeGreaterThanOrEqual(250);
  });

  it('sums frames over cameras by what became of them', () => {
    const line = (camera: string, outcome: string, reason: string, count: number) =>
      `sightline_frames_total{camera="${camera}",outcome="${outcome}",reason="${reason}"} ${count}`;
    const metrics = [
      '# TYPE sightline_frames_total counter',
      line('a', 'received', '', 20),
      line('b', 'received', '', 4),
      line('a', 'dropped', 'gated', 15),
      line('a', 'detected', '', 5),
      'sightline_frames_in_flight{camera="a"} 1',
    ];
    expect(frameCounts(metrics.join('\n'))).toEqual({ received: 24, gated: 15, detected: 5 });
  });

  it('counts from one moment to a later one, also what did not occur before', () => {
    expect(difference({ received: 5 }, { received: 25, gated: 3 })).toEqual({ received: 20, gated: 3 });
  });

  it('lets motion do nothing but detect', () => {
    expect(motionConfig('rtsp://127.0.0.1:1/a', '/tmp/a').split('\n')).toEqual(
      expect.arrayContaining(['netcam_url rtsp://127.0.0.1:1/a', 'framerate 5', 'movie_output off']),
    );
    expect(motionEvents('[1] motion_detected: Motion detected - starting event 1.\nEnd of event 1\n')).toBe(
      1,
    );
  });
});

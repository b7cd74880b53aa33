import type { ProbeOk, ProbeResult } from '../../pipeline/probe/result';
import { PLAZA, killAll, startSightline } from './sightline';
import type { SightlineRun } from './sightline';
import { startRtspServer } from '../fixtures/rtsp-server';
import type { RtspServer, RtspServerOptions } from '../fixtures/rtsp-server';

type Env = Readonly<Record<string, string>>;

/** Everything that means something in a URL. */
export const AWKWARD_PASSWORD = 'p@ss:w/rd#1%2?x y';

/** `sightline probe` and cameras to probe, for the calling test file; ended after each of its tests. */
export function probeLab(folder: string) {
  const runs: SightlineRun[] = [];
  const servers: RtspServer[] = [];

  afterEach(async () => {
    killAll(runs.splice(0));
    await Promise.all(servers.splice(0).map((server) => server.close()));
  });

  function start(args: readonly string[], env: Env = {}): SightlineRun {
    const run = startSightline(folder, ['probe', ...args], { env });
    runs.push(run);
    return run;
  }

  /** A whole probe, which leaves no process. */
  async function finish(args: readonly string[], env?: Env) {
    const run = start(args, env);
    const code = await run.ended;
    expect(run.processes()).toEqual([]);
    return { code, stdout: run.stdout(), stderr: run.stderr() };
  }

  /** What `--json` prints, and the exit code that belongs to it. */
  async function probe(input: string, ...args: readonly string[]): Promise<ProbeResult> {
    const { code, stdout } = await finish([input, '--json', ...args]);
    const result = JSON.parse(stdout) as ProbeResult;
    expect(code).toBe(result.state === 'ok' ? 0 : 1);
    return result;
  }

  async function probeOk(input: string, ...args: readonly string[]): Promise<ProbeOk> {
    const result = await probe(input, ...args);
    expect(result).toMatchObject({ state: 'ok' });
    return result as ProbeOk;
  }

  async function startServer(options: Partial<RtspServerOptions> = {}): Promise<RtspServer> {
    const server = await startRtspServer({ video: PLAZA, reencode: false, ...options });
    servers.push(server);
    return server;
  }

  return { start, finish, probe, probeOk, startServer };
}

/** The codes of its advice. */
export const adviceOf = ({ advice }: ProbeOk) => advice.map(({ code }) => code);

import { spawnSync } from 'node:child_process';
import { loadConfig } from '../../../config/load';
import { parseRedisUrl } from '../../../models/support/redis-url';
import { MAIN } from '../../support/sightline';
import { ingestDrainMs, workerDrainMs } from './repository';

/** A Sightline process as a compose file or a manifest starts it. */
export interface SightlineRole {
  readonly args: readonly string[];
  /** Environment as the process will see it; secrets by any text. */
  readonly env: Readonly<Record<string, string>>;
  /** Time between SIGTERM and SIGKILL. */
  readonly graceMs: number;
  /** Path in the container to path in the checkout. */
  readonly files: Readonly<Record<string, string>>;
  /** Paths that probes ask for. */
  readonly probes: readonly string[];
}

/** What holds for every way to start Sightline: its flags exist, its configuration loads, it is given time to drain. */
export function itStartsSightline(roles: () => Readonly<Record<'ingest' | 'worker', SightlineRole>>): void {
  const both = ['ingest', 'worker'] as const;

  it.each(both)('starts %s with flags that the command line has', (name) => {
    const [command, ...flags] = roles()[name].args;
    expect(command).toBe(name);
    const help = spawnSync(process.execPath, [MAIN, name, '--help'], { encoding: 'utf8' }).stdout;
    const given = flags.flatMap((flag) => /^--[a-z-]+/.exec(flag) ?? []);
    expect(given.length).toBeGreaterThan(1);
    for (const flag of given) expect(help).toMatch(new RegExp(`^ +(?:-\\w, )?(?:--\\w+, )?${flag} `, 'm'));
  });

  it('configures ingest by a file that loads with the variables it sets, with one Redis for frames and events', () => {
    const { args, env, files } = roles().ingest;
    const { config } = loadConfig(files[valueOf(args, '--config')]!, env);
    expect(config.queue).toBeDefined();
    expect(config.events).toMatchObject([{ type: 'redis', url: config.queue!.url }]);
    expect(parseRedisUrl(config.queue!.url)?.password).toBe(env['REDIS_PASSWORD']);
  });

  it('gives workers the same Redis, in the environment and not on a command line', () => {
    const { ingest, worker } = roles();
    const { config } = loadConfig(ingest.files[valueOf(ingest.args, '--config')]!, ingest.env);
    expect(worker.env['SIGHTLINE_REDIS_URL']).toBe(config.queue!.url);
    for (const { args } of [ingest, worker]) expect(args.join(' ')).not.toContain('redis://');
  });

  it('serves metrics beyond loopback with a token', () => {
    for (const { args, env } of Object.values(roles())) {
      expect(valueOf(args, '--metrics')).toBe('0.0.0.0:9464');
      expect(env['SIGHTLINE_METRICS_TOKEN']).toBeTruthy();
    }
  });

  it('asks for the health of a process where it is answered', () => {
    for (const { probes } of Object.values(roles())) {
      expect(probes.length).toBeGreaterThan(0);
      for (const path of probes) expect(['/healthz', '/readyz']).toContain(path);
    }
  });

  it('gives each process longer to drain than it can take', () => {
    const { ingest, worker } = roles();
    expect(worker.graceMs).toBeGreaterThan(workerDrainMs());
    expect(ingest.graceMs).toBeGreaterThan(ingestDrainMs());
  });
}

/** The value of a flag, written `--flag value` or `--flag=value`. */
function valueOf(args: readonly string[], flag: string): string {
  const joined = args.find((arg) => arg.startsWith(`${flag}=`));
  return joined?.slice(flag.length + 1) ?? args[args.indexOf(flag) + 1] ?? '';
}

import { existsSync } from 'node:fs';
import { composeFaults, durationMs, readCompose } from './support/compose';
import type { Service } from './support/compose';
import { inRoot, read } from './support/repository';
import { itStartsSightline } from './support/sightline-role';
import type { SightlineRole } from './support/sightline-role';

const env = {
  REDIS_PASSWORD: 'redis7secret',
  METRICS_TOKEN: 'token',
  CAMERA_PASSWORD: 'p@ss:word/',
  CAMERA_HOST: '192.0.2.1',
};
const compose = readCompose('compose.yaml', env);
const shared = readCompose('compose.shm.yaml', {});
const gpu = readCompose('compose.gpu.yaml', {});
const service = (name: string) => compose.services[name]!;

function roleOf({
  command,
  environment = {},
  volumes = [],
  healthcheck,
  ...service
}: Service): SightlineRole {
  return {
    args: command,
    env: environment,
    graceMs: durationMs(service.stop_grace_period),
    files: Object.fromEntries(
      volumes.map((volume) => {
        const [here = '', there = ''] = volume.split(':');
        return [there, inRoot('docker', here)];
      }),
    ),
    probes: healthcheck.test.flatMap((text) => /:9464(\/\w+)/.exec(text)?.[1] ?? []),
  };
}

describe('docker/compose.yaml', () => {
  itStartsSightline(() => ({ ingest: roleOf(service('ingest')), worker: roleOf(service('worker')) }));

  it('is as the compose specification has it', () => {
    expect(composeFaults(compose)).toEqual([]);
    const mistyped = { ...compose, services: { redis: { ...service('redis'), restarts: 'always' } } };
    expect(composeFaults(mistyped)).not.toEqual([]);
  });

  it('asks for no variable that docker/.env.example does not name', () => {
    const names = (text: string) => [...text.matchAll(/\$\{(\w+)/g)].map(([, name]) => name!);
    const example = [...read('docker', '.env.example').matchAll(/^(\w+)=/gm)].map(([, name]) => name!);
    const asked = ['compose.yaml', 'compose.gpu.yaml'].flatMap((file) => names(read('docker', file)));
    expect([...new Set(asked)].sort()).toEqual(example.sort());
  });

  it('keeps every event that Redis took, in a volume', () => {
    const [volume, config] = service('redis').volumes!;
    expect(compose.volumes).toHaveProperty(volume!.split(':')[0]!);
    const [here, there] = config!.split(':');
    expect(read('docker', here!)).toMatch(/^maxmemory-policy noeviction$/m);
    expect(read('docker', here!)).toMatch(/^appendonly yes$/m);
    expect(service('redis').command.join(' ')).toContain(there);
  });

  it('gives Redis its password by a file, and its container more memory than it may fill', () => {
    const { command, environment, deploy } = service('redis');
    expect(environment!['REDISCLI_AUTH']).toBe(env.REDIS_PASSWORD);
    expect(command.join(' ')).not.toContain(env.REDIS_PASSWORD);
    expect(deploy.resources.limits['memory']).toBe('2g');
  });

  it('builds from files that are there', () => {
    for (const name of ['ingest', 'worker']) {
      const { context, dockerfile } = service(name).build!;
      expect(existsSync(inRoot('docker', context, dockerfile))).toBe(true);
    }
  });

  it('bounds what each container may write and do, and starts it again', () => {
    for (const { logging, deploy, ...service } of Object.values(compose.services)) {
      expect(logging.options).toMatchObject({ 'max-size': '10m' });
      expect(deploy.resources.limits).toHaveProperty('memory');
      expect(service).toMatchObject({ read_only: true, cap_drop: ['ALL'], restart: 'unless-stopped' });
    }
    // Without a limit every one of many workers would take the whole host.
    expect(service('worker').deploy.resources.limits).toHaveProperty('cpus');
  });
});

describe('docker/compose.shm.yaml', () => {
  it('is as the compose specification has it', () => {
    expect(composeFaults(shared)).toEqual([]);
  });

  it('mounts one and the same memory into ingest and workers', () => {
    expect(Object.keys(shared.services).sort()).toEqual(['ingest', 'worker']);
    for (const { volumes } of Object.values(shared.services)) expect(volumes).toEqual(['frames:/dev/shm']);
    expect(shared.volumes['frames']).toMatchObject({ driver_opts: { type: 'tmpfs' } });
  });
});

describe('docker/compose.gpu.yaml', () => {
  /** As Compose merges the two files. */
  const worker = { ...service('worker'), ...gpu.services['worker'] };

  itStartsSightline(() => ({ ingest: roleOf(service('ingest')), worker: roleOf(worker) }));

  it('is as the compose specification has it', () => {
    expect(composeFaults(gpu)).toEqual([]);
  });

  it('changes the workers alone, and builds them from files that are there', () => {
    expect(Object.keys(gpu.services)).toEqual(['worker']);
    expect(existsSync(inRoot('docker', worker.build!.context, worker.build!.dockerfile))).toBe(true);
    expect(worker.command.slice(1, 3)).toEqual(['--providers', 'cuda,cpu']);
  });

  it('starts one of them on a GPU, however many run without it', () => {
    const replicas = (env: Record<string, string>) =>
      readCompose('compose.gpu.yaml', env).services['worker']!.deploy.replicas;
    expect([replicas({ WORKERS: '2' }), replicas({ GPU_WORKERS: '3' })]).toEqual(['1', '3']);
  });

  it('reserves a GPU for them', () => {
    expect(worker.deploy.resources).toMatchObject({
      reservations: { devices: [{ driver: 'nvidia', count: 1, capabilities: ['gpu'] }] },
    });
  });
});

import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { join } from 'node:path';
import { parse } from 'yaml';
import { loadConfig } from '../../config/load';
import { packageRoot } from '../../models/support/package-root';

const inRoot = (...path: string[]) => join(packageRoot, ...path);
const read = (...path: string[]) => readFileSync(inRoot(...path), 'utf8');

/** Instructions with their continued lines joined, comments left out. */
const instructions = read('docker', 'Dockerfile')
  .replace(/^#.*\n/gm, '')
  .replace(/\\\n\s*/g, '')
  .split('\n')
  .filter((line) => line !== '');

/** What the build takes from the checkout. */
const sources = instructions
  .filter((line) => line.startsWith('COPY ') && !line.includes('--from='))
  .flatMap((line) => line.split(' ').slice(1, -1));

describe('docker/Dockerfile', () => {
  it('copies only what the checkout has and the context holds', () => {
    expect(sources.length).toBeGreaterThan(8);
    const kept = read('docker', 'Dockerfile.dockerignore')
      .split('\n')
      .filter((line) => line.startsWith('!'))
      .map((line) => line.slice(1));
    for (const source of sources) {
      expect([source, existsSync(inRoot(source))]).toEqual([source, true]);
      expect(kept.some((path) => source === path || source.startsWith(`${path}/`))).toBe(true);
    }
  });

  const apt = spawnSync('apt-cache', ['--version']).error === undefined;
  (apt ? it : it.skip)('installs packages that Debian has', () => {
    const packages = instructions.flatMap((line) => {
      const list = /apt-get install -y --no-install-recommends ([^&]*)/.exec(line)?.[1] ?? '';
      return list.split(' ').filter(Boolean);
    });
    expect(packages).toContain('ffmpeg');
    for (const name of packages)
      expect([name, spawnSync('apt-cache', ['show', name]).status]).toEqual([name, 0]);
  });

  it('ends as a user without rights', () => {
    expect(instructions.filter((line) => line.startsWith('USER '))).toEqual(['USER node']);
  });
});

describe('the packages that the image leaves out', () => {
  it('are imported by nothing that runs', () => {
    const { dependencies } = JSON.parse(read('package.json')) as { dependencies: Record<string, string> };
    const files = ['models', 'config', 'operators', 'workers', 'pipeline'].flatMap((folder) =>
      readdirSync(inRoot(folder), { recursive: true, encoding: 'utf8' })
        .filter((path) => path.endsWith('.ts'))
        .map((path) => join(folder, path)),
    );
    expect(files.length).toBeGreaterThan(100);
    const packages = files.flatMap((file) =>
      [...read(file).matchAll(/ from '([^'.][^']*)';/g)].map(([, name]) => name!),
    );
    const unknown = packages.filter((name) => !isBuiltin(name) && !(packageOf(name) in dependencies));
    expect(unknown).toEqual([]);
    expect(packages).toContain('rxjs');
  });
});

function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

describe('docker/compose.yaml', () => {
  const { services, volumes } = parse(read('docker', 'compose.yaml')) as {
    services: Record<'redis' | 'sightline', Record<string, unknown>>;
    volumes: Record<string, unknown>;
  };

  it('keeps every event that Redis took', () => {
    const command = (services.redis['command'] as string[]).join(' ');
    expect(command).toContain('--maxmemory-policy noeviction');
    expect(command).toContain('--appendonly yes');
    expect(volumes).toHaveProperty((services.redis['volumes'] as string[])[0]!.split(':')[0]!);
  });

  it('builds from files that are there, and starts with a configuration whose every variable it sets', () => {
    const { context, dockerfile } = services.sightline['build'] as { context: string; dockerfile: string };
    expect(existsSync(inRoot('docker', context, dockerfile))).toBe(true);
    const [file] = (services.sightline['volumes'] as string[])[0]!.split(':');
    const names = Object.keys(services.sightline['environment'] as object);
    const { config } = loadConfig(
      inRoot('docker', file!),
      Object.fromEntries(names.map((name) => [name, 'x'])),
    );
    expect(config.events).toMatchObject([{ type: 'redis', url: 'redis://redis:6379' }]);
  });
});

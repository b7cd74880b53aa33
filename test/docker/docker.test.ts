import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { join } from 'node:path';
import { inRoot, read } from './support/repository';

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

  it('takes packages from the stage that installed those of production alone', () => {
    const stage = instructions.slice(instructions.findIndex((line) => line.endsWith(' AS dependencies')));
    expect(stage[1]).toMatch(/^RUN npm ci --omit=dev /);
    const modules = instructions.filter((line) => line.includes('node_modules node_modules'));
    expect(modules).toEqual(['COPY --from=dependencies /app/node_modules node_modules']);
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

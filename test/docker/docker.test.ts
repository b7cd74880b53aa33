import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { join } from 'node:path';
import { inRoot, read } from './support/repository';

/** Instructions with their continued lines joined, comments left out. */
const instructionsOf = (file: string) =>
  read('docker', file)
    .replace(/^#.*\n/gm, '')
    .replace(/\\\n\s*/g, '')
    .split('\n')
    .filter((line) => line !== '');

const instructions = instructionsOf('Dockerfile');

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

describe('docker/Dockerfile.gpu', () => {
  const ofGpu = instructionsOf('Dockerfile.gpu');
  const last = (lines: readonly string[]) =>
    lines.slice(lines.findLastIndex((line) => line.startsWith('FROM ')));
  const matching = (lines: readonly string[], pattern: RegExp) =>
    last(lines).filter((line) => pattern.test(line));

  it('copies from the checkout only what its context holds', () => {
    const copied = ofGpu.filter((line) => line.startsWith('COPY ') && !line.includes('--from='));
    expect(copied).toEqual(['COPY setup-gpu.mjs /app/setup-gpu.mjs']);
    expect(existsSync(inRoot('setup-gpu.mjs'))).toBe(true);
    expect(read('docker', 'Dockerfile.gpu.dockerignore')).toMatch(/^\*\n!setup-gpu\.mjs$/m);
  });

  it('runs as the other image does', () => {
    const same = /^(USER|WORKDIR|ENTRYPOINT|CMD|EXPOSE|ENV NODE_ENV|ENV XDG)/;
    expect(matching(ofGpu, same).toSorted()).toEqual(
      [...new Set([...matching(instructions, same)])].toSorted(),
    );
  });

  it('takes from the other image what that has', () => {
    expect(matching(ofGpu, /^COPY --from/)).toEqual([
      'COPY --from=sightline /usr/local/bin/node /usr/local/bin/node',
      'COPY --from=sightline /app /app',
    ]);
    expect(instructions.filter((line) => line.startsWith('WORKDIR '))[0]).toBe('WORKDIR /app');
  });

  it('installs with a program that this checkout has', () => {
    const [program = ''] = matching(ofGpu, /installGpuFiles/).flatMap(
      (line) => /--eval "(.*)"$/.exec(line)?.[1] ?? [],
    );
    const here = program
      .replaceAll("'/app", `'${inRoot('nowhere')}`)
      .replace('nowhere/setup-gpu', 'setup-gpu');
    const { stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', here], {
      encoding: 'utf8',
    });
    // It is called rightly: what it misses is the folder of packages.
    expect(stderr).toMatch(/Cannot find module '\.\/script\/install-metadata|expected x86-64 Linux/);
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

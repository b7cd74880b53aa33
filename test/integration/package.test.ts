import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { packageRoot } from '../../models/support/package-root';
import { openEventLog } from '../support/event-log';
import { startRedisServer } from '../support/redis-server';
import { tempFolder } from '../support/temp-folder';

const run = promisify(execFile);

const USE = `
  const events = subscribeEvents({ url: process.argv[2], from: 'oldest' });
  for await (const delivery of events) {
    if (!isEvent(delivery, 'track.started')) continue;
    console.log(delivery.event.data.trackId);
    break;
  }
`;

describe('the packed package', () => {
  const folder = tempFolder();
  const project = join(folder, 'consumer');
  const installed = join(project, 'node_modules/sightline');

  beforeAll(async () => {
    await run('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', folder], {
      cwd: packageRoot,
    });
    const tarball = readdirSync(folder).find((name) => name.endsWith('.tgz'))!;
    mkdirSync(installed, { recursive: true });
    await run('tar', ['-xzf', join(folder, tarball), '-C', installed, '--strip-components', '1']);
    // What npm would install beside it.
    symlinkSync(join(packageRoot, 'node_modules'), join(installed, 'node_modules'));
  });

  it('gives typed events to ECMAScript modules and to CommonJS, and loads no detector', async () => {
    const server = await startRedisServer();
    const log = openEventLog(server.url);
    await log.append(0, 1);
    const esm = `import { isEvent, subscribeEvents } from 'sightline';\n${USE}`;
    const cjs = `const { isEvent, subscribeEvents } = require('sightline');\n(async () => {${USE}
      const heavy = /onnxruntime|bullmq|fluent-ffmpeg|cli-progress/;
      console.log(Object.keys(require.cache).filter((path) => heavy.test(path)).length);
    })();\n`;
    writeFileSync(join(project, 'main.mjs'), esm);
    writeFileSync(join(project, 'main.cjs'), cjs);
    expect((await run(process.execPath, ['main.mjs', server.url], { cwd: project })).stdout).toBe(
      'front-0-0\n',
    );
    expect((await run(process.execPath, ['main.cjs', server.url], { cwd: project })).stdout).toBe(
      'front-0-0\n0\n',
    );
    log.close();
    await server.close();
  });

  it('brings the contract', async () => {
    const code = "console.log(require('sightline/contract/v1/event.schema.json').$id)";
    const { stdout } = await run(process.execPath, ['-e', code], { cwd: project });
    expect(stdout).toBe('urn:sightline:event:1\n');
  });

  it('brings the pages that explain it, and nothing that is for the build alone', () => {
    const paths = [
      'ARCHITECTURE.md',
      'config/reference.md',
      'models/contract/README.md',
      'dist/.tsbuildinfo',
    ];
    expect(paths.map((path) => existsSync(join(installed, path)))).toEqual([true, true, true, false]);
  });

  it('tells event types apart at compile time', async () => {
    const types = [
      'import { isEvent, subscribeEvents } from "sightline";',
      'import type { SightlineEvent } from "sightline";',
      'import type * as contract from "sightline/contract/v1/events.d.ts";',
    ];
    const body = `
      export async function main(url: string): Promise<void> {
        for await (const delivery of subscribeEvents({ url, group: 'a' })) {
          if (isEvent(delivery, 'line.crossed')) { const way: 'in' | 'out' = delivery.event.data.direction; void way; }
          if (delivery.kind === 'event') tell(delivery.event);
        }
      }
      function tell(event: SightlineEvent): number {
        const published: contract.SightlineEvent = event;
        const same: SightlineEvent = published;
        void same;
        // @ts-expect-error: only some events have a duration.
        event.data.durationMs;
        return event.type === 'track.ended' ? event.data.durationMs : 0;
      }
    `;
    const options = { module: 'node16', moduleResolution: 'node16', strict: true, noEmit: true, types: [] };
    for (const [name, config] of [
      ['main.mts', options],
      ['main.cts', options],
    ] as const) {
      writeFileSync(join(project, name), [...types, body].join('\n'));
      writeFileSync(
        join(project, 'tsconfig.json'),
        JSON.stringify({ compilerOptions: { ...config, skipLibCheck: true }, files: [name] }),
      );
      const tsc = join(packageRoot, 'node_modules/.bin/tsc');
      const { stdout } = await run(tsc, ['-p', project]).catch(
        (error: unknown) => error as { stdout: string },
      );
      expect(stdout).toBe('');
    }
  });
});

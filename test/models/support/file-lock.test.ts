import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../../models/support/package-root';
import { lockFile } from '../../../models/support/file-lock';
import { tempFolder } from '../../support/temp-folder';

describe('lockFile', () => {
  const folder = tempFolder();

  it('is taken once, until the file is closed', async () => {
    const path = join(folder, 'once');
    const [first, second] = [openSync(path, 'w'), openSync(path, 'r')];
    expect(await lockFile(first)).toBe(true);
    expect(await lockFile(second)).toBe(false);
    closeSync(first);
    expect(await lockFile(second)).toBe(true);
    closeSync(second);
  });

  it('is given back by a process that is killed', async () => {
    const path = join(folder, 'killed');
    const holder = spawn('flock', [path, 'sh', '-c', 'echo held; exec sleep 60'], {
      stdio: ['ignore', 'pipe', 'inherit'],
      detached: true,
    });
    await once(holder.stdout, 'data');
    const file = openSync(path, 'r');
    expect(await lockFile(file)).toBe(false);
    process.kill(-holder.pid!, 'SIGKILL');
    await once(holder, 'exit');
    expect(await lockFile(file)).toBe(true);
    closeSync(file);
  });

  it('says that it does not know where there is no such program', () => {
    const source = join(packageRoot, 'models/support/file-lock.ts');
    const code = `require(${JSON.stringify(source)}).lockFile(0).then((is) => console.log(String(is)))`;
    // The `PATH` of this process is not that of jest's copy.
    const env = { ...process.env, PATH: folder };
    const options = { env, encoding: 'utf8', cwd: packageRoot } as const;
    const said = execFileSync(process.execPath, ['--require', 'tsx/cjs', '--eval', code], options);
    expect(said).toBe('undefined\n');
  });
});

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ProbeOk, ProbeResult } from '../../pipeline/probe/result';
import { AWKWARD_PASSWORD, adviceOf, probeLab } from '../support/probes';
import { PLAZA } from '../support/sightline';
import { tempFolder } from '../support/temp-folder';

describe('sightline probe: a configuration', () => {
  const folder = tempFolder();
  const inFolder = (name: string) => join(folder, name);
  const { finish, startServer } = probeLab(folder);

  const SECRETS = { CAMERA_PASSWORD: AWKWARD_PASSWORD };

  async function writeConfig(): Promise<string> {
    const server = await startServer({ user: 'guard', password: AWKWARD_PASSWORD });
    const place = `127.0.0.1:${server.port}/stream`;
    const path = inFolder('cameras.yaml');
    writeFileSync(inFolder('password'), 'b@d-s3cret\n');
    writeFileSync(
      path,
      [
        'cameras:',
        `  front: { url: "rtsp://guard:\${CAMERA_PASSWORD}@${place}", maxFps: 2 }`,
        `  yard: { url: "rtsp://guard:\${file:password}@${place}" }`,
        `  clip: { url: ${PLAZA}, loop: true }`,
        '  gone: { url: gone.mp4 }',
      ].join('\n'),
    );
    return path;
  }

  function expectNoSecret(text: string): void {
    for (const part of ['p@ss', 'w/rd', 'p%40ss', 'b@d', 'b%40d', 's3cret']) expect(text).not.toContain(part);
  }

  it('gives one camera by name, with what it is to be looked at', async () => {
    const config = await writeConfig();
    const { code, stdout, stderr } = await finish(
      ['--config', config, '--camera', 'front', '--json', '--seconds', '2'],
      SECRETS,
    );
    expect(code).toBe(0);
    const result = JSON.parse(stdout) as ProbeOk;
    expect(result.input).toMatch(/^rtsp:\/\/\*\*\*@127\.0\.0\.1:\d+\/stream$/);
    expect(adviceOf(result)).toContain('fps_above_analysed');
    expectNoSecret(stdout + stderr);
  });

  it('asks each camera for its pictures as its configuration says', async () => {
    const server = await startServer({ transports: ['udp'] });
    const config = inFolder('udp.yaml');
    writeFileSync(config, `cameras: { a: { url: "${server.url()}", rtspTransport: udp } }\n`);
    const { code, stdout } = await finish(['--config', config, '--camera', 'a', '--seconds', '1']);
    expect(code).toBe(0);
    expect(stdout).toContain('  transport    RTSP, RTP over UDP\n');
  });

  it('gives all, a line each in its order, and fails when one does', async () => {
    const config = await writeConfig();
    const { code, stdout, stderr } = await finish(['--config', config, '--all', '--seconds', '1'], SECRETS);
    expect(code).toBe(1);
    const rows = stdout.trimEnd().split('\n');
    expect(rows).toEqual([
      expect.stringMatching(/^front {2}ok {7}h264 768x576, .* fps, GOP .*, audio none, first picture \d+ ms/),
      expect.stringMatching(/^yard {3}failed {3}auth: .*401.*; check the user name and password in the URL$/),
      expect.stringMatching(/^clip {3}ok {7}h264 768x576, 10 fps, GOP over 1\.0 s/),
      expect.stringMatching(
        /^gone {3}failed {3}not_found: .*gone\.mp4: expected a file, found nothing there;/,
      ),
    ]);
    expectNoSecret(stdout + stderr);
  });

  it('gives all as one JSON object', async () => {
    const config = await writeConfig();
    const { stdout } = await finish(['--config', config, '--all', '--json', '--seconds', '1'], SECRETS);
    const { cameras } = JSON.parse(stdout) as { cameras: Record<string, ProbeResult> };
    expect(Object.entries(cameras).map(([name, { state }]) => [name, state])).toEqual([
      ['front', 'ok'],
      ['yard', 'failed'],
      ['clip', 'ok'],
      ['gone', 'failed'],
    ]);
    expectNoSecret(stdout);
  });

  it('must be usable, and have the camera', async () => {
    const config = await writeConfig();
    const misnamed = await finish(['--config', config, '--camera', 'fornt'], SECRETS);
    expect(misnamed.code).toBe(2);
    expect(misnamed.stderr).toContain(
      '--camera: expected one of front, yard, clip, gone, got "fornt" (did you mean front?)',
    );
    const without = await finish(['--config', config, '--all']);
    expect(without.code).toBe(2);
    expect(without.stderr).toContain('CAMERA_PASSWORD');
  });
});

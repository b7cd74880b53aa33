import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { createRequire } from 'node:module';
import { connect } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { pathToFileURL } from 'node:url';
import { packageRoot } from '../models/support/package-root';
import { closedPort } from './support/closed-port';
import { tempFolder } from './support/temp-folder';

/** As its types have it; a package of onnxruntime-node's own. */
interface Zip {
  addFile(path: string, content: Buffer): void;
  writeZip(path: string): void;
}
const AdmZip = createRequire(require.resolve('onnxruntime-node'))('adm-zip') as new () => Zip;

const MODULES = join(packageRoot, 'node_modules');
const BIN = join('node_modules', 'onnxruntime-node', 'bin', 'napi-v6', 'linux', 'x64');
const FILES = ['cuda', 'shared', 'tensorrt'].map((name) => `libonnxruntime_providers_${name}.so`);
const { version: onnxruntimeVersion } = JSON.parse(
  readFileSync(join(MODULES, 'onnxruntime-node', 'package.json'), 'utf8'),
) as { version: string };
const isSupported = process.platform === 'linux' && process.arch === 'x64';

/** A library that needs another one, which is nowhere: the binding, with the name changed of what it needs. */
function libraryNeeding(name: string): Buffer {
  const content = readFileSync(join(packageRoot, BIN, 'onnxruntime_binding.node'));
  const needed = Buffer.from('libonnxruntime.so.1');
  expect(name).toHaveLength(needed.length);
  for (let at = content.indexOf(needed); at >= 0; at = content.indexOf(needed, at + 1))
    content.write(name, at, 'latin1');
  return content;
}

(isSupported ? describe : describe.skip)('setup.mjs --gpu', () => {
  const folder = tempFolder();
  const root = join(folder, 'checkout');
  const programs = join(folder, 'programs');

  beforeAll(() => {
    mkdirSync(join(root, 'node_modules'), { recursive: true });
    for (const name of readdirSync(MODULES).filter((one) => one !== 'onnxruntime-node'))
      symlinkSync(join(MODULES, name), join(root, 'node_modules', name));
    for (const name of ['package.json', 'script', 'dist'])
      cpSync(join(MODULES, 'onnxruntime-node', name), join(root, 'node_modules', 'onnxruntime-node', name), {
        recursive: true,
      });
    symlinkSync(join(packageRoot, 'models'), join(root, 'models'));
    mkdirSync(programs);
  });

  beforeEach(() => {
    rmSync(join(root, BIN), { recursive: true, force: true });
    cpSync(join(packageRoot, BIN), join(root, BIN), { recursive: true });
    for (const name of FILES) rmSync(join(root, BIN, name), { force: true });
  });

  /** A stand-in for NVIDIA's program, which no machine without a GPU has. */
  function placeDriver(script: string): void {
    writeFileSync(join(programs, 'nvidia-smi'), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  }

  async function setup(options: object = {}, env: Record<string, string> = {}): Promise<string[]> {
    const program = `
      import { installGpuFiles } from ${JSON.stringify(pathToFileURL(join(packageRoot, 'setup-gpu.mjs')).href)};
      const say = (text) => console.error('said: ' + text);
      try {
        await installGpuFiles({ root: ${JSON.stringify(root)}, say, ...${JSON.stringify(options)} });
      } catch (error) {
        console.error('failed: ' + error.message);
      }`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
      env: { PATH: `${programs}:/usr/bin:/bin`, ...env },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk));
    await once(child, 'close');
    return stderr.trim().split('\n');
  }

  const installed = () => FILES.filter((name) => existsSync(join(root, BIN, name)));
  const leftOver = () =>
    readdirSync(join(root, 'node_modules', 'onnxruntime-node')).filter((name) => name.startsWith('.'));

  let packages = 0;
  function makePackage(files: Record<string, Buffer>, of: string = onnxruntimeVersion): string {
    const zip = new AdmZip();
    zip.addFile(
      'Some.nuspec',
      Buffer.from(`<package><metadata><version>${of}</version></metadata></package>`),
    );
    for (const [name, content] of Object.entries(files))
      zip.addFile(`runtimes/linux-x64/native/${name}`, content);
    const path = join(folder, `${packages++}.nupkg`);
    zip.writeZip(path);
    return path;
  }

  const driver = () => placeDriver('echo "NVIDIA T4, 550.54.14"');
  const whole = () => Object.fromEntries(FILES.map((name) => [name, libraryNeeding('libonnxruntime.so.1')]));

  it.each([
    [
      'fails',
      'echo "NVIDIA-SMI has failed: no driver"; exit 9',
      /got NVIDIA-SMI has failed: no driver: install/,
    ],
    ['is too old', 'echo "Tesla K80, 470.82.01"', /at least 525 for CUDA 12, got 470\.82\.01 \(Tesla K80\)$/],
    ['says nothing', 'true', /at least 525 for CUDA 12, got {2}\(\)$/],
  ])('downloads nothing where the driver %s', async (_what, script, message) => {
    placeDriver(script);
    expect(await setup()).toEqual([expect.stringMatching(message)]);
    expect(leftOver()).toEqual([]);
  });

  it('downloads nothing where there is no driver', async () => {
    rmSync(join(programs, 'nvidia-smi'), { force: true });
    expect(await setup({}, { PATH: programs })).toEqual([
      expect.stringMatching(
        /^failed: expected an NVIDIA driver of at least 525, got no nvidia-smi: .*--without-driver$/,
      ),
    ]);
  });

  it('says what to do without the internet, and shows no password of a proxy', async () => {
    driver();
    const proxy = `http://user:hunter2@127.0.0.1:${await closedPort()}`;
    for (const env of [{ HTTPS_PROXY: proxy }, { https_proxy: proxy, npm_config_local_prefix: '/x' }]) {
      const lines = await setup({}, { ...env, npm_package_json: '/x/package.json' });
      expect(lines).toEqual([
        expect.stringMatching(/^said: downloading https:/),
        expect.stringMatching(
          /^failed: expected to download Microsoft\.ML\.OnnxRuntime\.Gpu\.Linux [\d.]+, got connect ECONNREFUSED.*: where there is no internet, .*--gpu-package=FILE$/,
        ),
      ]);
      expect(lines.join()).not.toContain('hunter2');
    }
    expect([installed(), leftOver()]).toEqual([[], []]);
  });

  it.each<[string, () => string, RegExp]>([
    ['is not there', () => '/nowhere.nupkg', /\/nowhere\.nupkg: expected Microsoft\.ML\S+ [\d.]+, got /],
    [
      'is no package',
      () => join(packageRoot, 'package.json'),
      /package\.json: expected Microsoft\.ML\S+ [\d.]+, got /,
    ],
    [
      'is of another version',
      () => makePackage(whole(), '1.2.3'),
      /expected Microsoft\.ML\S+ [\d.]+, got version 1\.2\.3$/,
    ],
    [
      'lacks a file',
      () => makePackage({ [FILES[0]!]: Buffer.from('') }),
      /expected runtimes\/.*\.so in it, got none$/,
    ],
    [
      'holds something else',
      () => makePackage({ ...whole(), [FILES[2]!]: Buffer.from('<html>') }),
      /providers_tensorrt\.so: expected a library, got another file$/,
    ],
  ])('installs nothing of a package that %s', async (_what, make, message) => {
    driver();
    expect(await setup({ packagePath: make() })).toEqual([expect.stringMatching(message)]);
    expect([installed(), leftOver()]).toEqual([[], []]);
  });

  it('names the libraries that are missing, and asks for nothing twice', async () => {
    const needsCudnn = { ...whole(), [FILES[0]!]: libraryNeeding('libcudnn_graph.so.9') };
    const packagePath = makePackage(needsCudnn);
    mkdirSync(join(root, 'node_modules', 'onnxruntime-node', '.gpu-interrupted'));
    for (const options of [{ packagePath }, {}]) {
      expect(await setup({ ...options, withoutDriver: true })).toEqual([
        'failed: libonnxruntime_providers_cuda.so: expected its libraries on this system, got none of libcudnn_graph.so.9 (cuDNN)',
      ]);
      expect([installed(), leftOver()]).toEqual([FILES, []]);
    }
  });

  it('bears it when only TensorRT is missing', async () => {
    const packagePath = makePackage({ ...whole(), [FILES[2]!]: libraryNeeding('libnvinfer_pl.so.10') });
    expect(await setup({ packagePath, withoutDriver: true })).toEqual([
      'said: tensorrt is not to be had without libnvinfer_pl.so.10 (TensorRT)',
    ]);
  });

  it('fails when a model cannot be loaded with what was installed', async () => {
    driver();
    expect(await setup({ packagePath: makePackage(whole()) })).toEqual([
      expect.stringMatching(/^failed: cuda: expected to load a model, got ./),
    ]);
    expect(installed()).toEqual(FILES);
  });

  it('downloads through a proxy what onnxruntime-node asks for, with its password', async () => {
    const packagePath = makePackage(whole());
    const registry = await startRegistry(join(folder, 'tls'), readFileSync(packagePath));
    const env = {
      HTTPS_PROXY: registry.proxy,
      NODE_EXTRA_CA_CERTS: registry.certificate,
      npm_config_local_prefix: '/x',
      npm_package_json: '/x/package.json',
    };
    expect(await setup({ withoutDriver: true }, env)).toEqual([
      expect.stringMatching(/^said: downloading https:\/\/api\.nuget\.org\/.*\.nupkg \(about/),
    ]);
    expect(installed()).toEqual(FILES);
    for (const name of FILES) expect(readFileSync(join(root, BIN, name)).equals(whole()[name]!)).toBe(true);
    expect(leftOver()).toEqual([]);
    // What is there is asked for no more.
    expect(await setup({ withoutDriver: true }, env)).toEqual(['']);
    expect(registry.hosts()).toEqual([
      `api.nuget.org:443 Basic ${Buffer.from('user:p@ss').toString('base64')}`,
    ]);
    await registry.close();
  });
});

/** NuGet's registry with one package, as far as it is asked for, behind a proxy that leads there whatever it is asked for. */
async function startRegistry(folder: string, content: Buffer) {
  mkdirSync(folder);
  const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const subject = ['-subj', '/CN=api.nuget.org', '-addext', 'subjectAltName=DNS:api.nuget.org', '-days', '1'];
  const form = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  execFileSync('openssl', [...form, '-keyout', key, '-out', certificate, ...subject], { stdio: 'ignore' });
  const name = 'microsoft.ml.onnxruntime.gpu.linux';
  const path = `/v3-flatcontainer/${name}/${onnxruntimeVersion}/${name}.${onnxruntimeVersion}.nupkg`;
  const identity = { key: readFileSync(key), cert: readFileSync(certificate) };
  const server = createHttpsServer(identity, (request, response) => {
    response.statusCode = request.url === path ? 200 : 404;
    response.end(content);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const hosts = new Set<string>();
  const ends = new Set<Duplex>();
  const proxy = createHttpServer().listen(0, '127.0.0.1');
  proxy.on('connect', (request, socket) => {
    hosts.add(`${request.url!} ${String(request.headers['proxy-authorization'])}`);
    const tunnel = connect((server.address() as AddressInfo).port, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      socket.pipe(tunnel).pipe(socket);
    });
    for (const end of [tunnel, socket]) {
      ends.add(end.on('error', () => undefined));
    }
  });
  await once(proxy, 'listening');
  return {
    certificate,
    proxy: `http://user:p%40ss@127.0.0.1:${(proxy.address() as AddressInfo).port}`,
    hosts: () => [...hosts],
    async close() {
      for (const end of ends) end.destroy();
      server.closeAllConnections();
      const closed = [server, proxy].map((one) => once(one, 'close'));
      for (const one of [server, proxy]) one.close();
      await Promise.all(closed);
    },
  };
}

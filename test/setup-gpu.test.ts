import { spawnSync } from 'node:child_process';
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
import { createRequire } from 'node:module';
import { join } from 'node:path';
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
  const { version } = JSON.parse(readFileSync(join(MODULES, 'onnxruntime-node', 'package.json'), 'utf8')) as {
    version: string;
  };

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

  function setup(options: object = {}, env: Record<string, string> = {}) {
    const program = `
      import { installGpuFiles } from ${JSON.stringify(pathToFileURL(join(packageRoot, 'setup-gpu.mjs')).href)};
      const say = (text) => console.error('said: ' + text);
      try {
        installGpuFiles({ root: ${JSON.stringify(root)}, say, ...${JSON.stringify(options)} });
      } catch (error) {
        console.error('failed: ' + error.message);
      }`;
    const { stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
      encoding: 'utf8',
      env: { PATH: `${programs}:/usr/bin:/bin`, ...env },
    });
    return stderr.trim().split('\n');
  }

  const installed = () => FILES.filter((name) => existsSync(join(root, BIN, name)));
  const leftOver = () =>
    readdirSync(join(root, 'node_modules', 'onnxruntime-node')).filter((name) => name.startsWith('.'));

  let packages = 0;
  function makePackage(files: Record<string, Buffer>, of: string = version): string {
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
  ])('downloads nothing where the driver %s', (_what, script, message) => {
    placeDriver(script);
    expect(setup()).toEqual([expect.stringMatching(message)]);
    expect(leftOver()).toEqual([]);
  });

  it('downloads nothing where there is no driver', () => {
    rmSync(join(programs, 'nvidia-smi'), { force: true });
    expect(setup({}, { PATH: programs })).toEqual([
      expect.stringMatching(
        /^failed: expected an NVIDIA driver of at least 525, got no nvidia-smi: .*--without-driver$/,
      ),
    ]);
  });

  it('says what to do without the internet, and shows no password of a proxy', async () => {
    driver();
    const proxy = `http://user:hunter2@127.0.0.1:${await closedPort()}`;
    for (const env of [{ HTTPS_PROXY: proxy }, { https_proxy: proxy, npm_config_local_prefix: '/x' }]) {
      const lines = setup({}, { ...env, npm_package_json: '/x/package.json' });
      expect(lines).toEqual([
        expect.stringMatching(/^said: downloading the CUDA files/),
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
  ])('installs nothing of a package that %s', (_what, make, message) => {
    driver();
    expect(setup({ packagePath: make() })).toEqual([expect.stringMatching(message)]);
    expect([installed(), leftOver()]).toEqual([[], []]);
  });

  it('names the libraries that are missing, and asks for nothing twice', () => {
    const needsCudnn = { ...whole(), [FILES[0]!]: libraryNeeding('libcudnn_graph.so.9') };
    const packagePath = makePackage(needsCudnn);
    mkdirSync(join(root, 'node_modules', 'onnxruntime-node', '.gpu-interrupted'));
    for (const options of [{ packagePath }, {}]) {
      expect(setup({ ...options, withoutDriver: true })).toEqual([
        'failed: libonnxruntime_providers_cuda.so: expected its libraries on this system, got none of libcudnn_graph.so.9 (cuDNN)',
      ]);
      expect([installed(), leftOver()]).toEqual([FILES, []]);
    }
  });

  it('bears it when only TensorRT is missing', () => {
    const packagePath = makePackage({ ...whole(), [FILES[2]!]: libraryNeeding('libnvinfer_pl.so.10') });
    expect(setup({ packagePath, withoutDriver: true })).toEqual([
      'said: tensorrt is not to be had without libnvinfer_pl.so.10 (TensorRT)',
    ]);
  });

  it('fails when a model cannot be loaded with what was installed', () => {
    driver();
    expect(setup({ packagePath: makePackage(whole()) })).toEqual([
      expect.stringMatching(/^failed: cuda: expected to load a model, got ./),
    ]);
    expect(installed()).toEqual(FILES);
  });
});

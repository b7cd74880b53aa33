// The CUDA and TensorRT providers of onnxruntime-node, which its npm package leaves out for their size. Plain Node, as setup.mjs.
import { spawnSync } from 'node:child_process';
import {
  closeSync,
  createWriteStream,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { request } from 'node:http';
import { get } from 'node:https';
import { createRequire } from 'node:module';
import { basename, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { connect as tlsConnect } from 'node:tls';

/** Oldest driver that runs CUDA 12 on x86-64 Linux (CUDA's release notes, minor version compatibility). */
const OLDEST_DRIVER = 525;

const STAGING = '.gpu-';

/** A connection on which nothing comes for so long is given up. */
const SILENCE_MS = 60_000;

/** Shown for libraries that are not found, by the beginning of their names. */
const VENDORS = [
  [/^libcudnn/, 'cuDNN'],
  [/^libnv(infer|onnxparser)/, 'TensorRT'],
  [/^lib(cu|nv)/, 'CUDA'],
];

/**
 * Installs the files for CUDA 12 beside onnxruntime-node's own and loads a model with them. Safe to repeat, and to interrupt: each
 * file is moved to its place when all are whole. Rejects with an Error in one sentence that says what is missing.
 *
 * `root` is a checkout with node_modules. `packagePath` is a `Microsoft.ML.OnnxRuntime.Gpu.Linux.<version>.nupkg` that was fetched
 * otherwise; without it, it is downloaded (about 300 MB), through HTTPS_PROXY where that is set. `withoutDriver` prepares an image
 * on a machine without a GPU: nothing is loaded then.
 */
export async function installGpuFiles({ root, say, packagePath, withoutDriver = false }) {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    const system = `${process.platform}-${process.arch}`;
    throw new Error(
      `expected x86-64 Linux for CUDA, got ${system}: coreml (macOS) and dml (Windows) need no files`,
    );
  }
  const gpu = withoutDriver ? undefined : findGpu();
  const folder = join(root, 'node_modules', 'onnxruntime-node');
  const libraries = libraryFolder(folder);
  const names = gpuFiles(folder);
  for (const name of readdirSync(folder).filter((one) => one.startsWith(STAGING)))
    rmSync(join(folder, name), { recursive: true, force: true });
  if (packagePath !== undefined || names.some((name) => !existsSync(join(libraries, name)))) {
    const staging = mkdtempSync(join(folder, STAGING));
    try {
      unpack(folder, staging, packagePath ?? (await download(folder, staging, say)));
      for (const name of names) checkLibrary(join(libraryFolder(staging), name));
      for (const name of names) renameSync(join(libraryFolder(staging), name), join(libraries, name));
    } finally {
      rmSync(staging, { recursive: true, force: true });
    }
  }
  checkDependencies(libraries, names, say);
  if (gpu === undefined) return;
  checkCuda(root);
  say(`cuda works on ${gpu}; now run with: --providers cuda,cpu`);
}

/** The name of the first GPU, with its driver checked. */
function findGpu() {
  const query = ['--query-gpu=name,driver_version', '--format=csv,noheader'];
  const { status, stdout, stderr, error } = spawnSync('nvidia-smi', query, { encoding: 'utf8' });
  if (error !== undefined || status !== 0) {
    const got =
      error === undefined ? lastLine(`${stdout}\n${stderr}`) || `exit code ${status}` : 'no nvidia-smi';
    throw new Error(
      `expected an NVIDIA driver of at least ${OLDEST_DRIVER}, got ${got}: install it as this system wants it, ` +
        'or prepare an image for another machine: npm run setup:gpu -- --without-driver',
    );
  }
  const [name = '', version = ''] = stdout.split('\n')[0].split(', ');
  if (!(Number.parseInt(version, 10) >= OLDEST_DRIVER))
    throw new Error(
      `expected an NVIDIA driver of at least ${OLDEST_DRIVER} for CUDA 12, got ${version} (${name})`,
    );
  return name;
}

/** Where onnxruntime-node looks for libraries, below its folder or one like it. */
function libraryFolder(folder) {
  return join(folder, 'bin', 'napi-v6', 'linux', 'x64');
}

/** Names of the files that onnxruntime-node says it needs for CUDA. */
function gpuFiles(folder) {
  const { requirements, manifests } = metadataOf(folder);
  const system = 'linux/x64';
  return requirements[system].flatMap((name) =>
    Object.keys(manifests[`${system}:${name}`]).map((path) => basename(path)),
  );
}

function metadataOf(folder) {
  return createRequire(join(folder, 'package.json'))('./script/install-metadata.js');
}

/**
 * Downloads the package and gives its path. Not by onnxruntime-node's own script: it does nothing within `npm run`, leaves half a file
 * behind when it is interrupted, and global-agent 4.1.3 holds the certificate behind a proxy for one of `localhost`.
 */
async function download(folder, staging, say) {
  const { name, version } = packageOf(folder);
  const id = name.toLowerCase();
  const url = `https://api.nuget.org/v3-flatcontainer/${id}/${version}/${id}.${version}.nupkg`;
  const path = join(staging, 'package.nupkg');
  say(`downloading ${url} (about 300 MB)`);
  try {
    const response = await open(new URL(url));
    if (response.statusCode !== 200) {
      response.destroy();
      throw new Error(`status ${response.statusCode}`);
    }
    await pipeline(response, createWriteStream(path));
  } catch (error) {
    throw new Error(
      `expected to download ${name} ${version}, got ${error.message}: where there is no internet, ` +
        'fetch that file elsewhere, then npm run setup:gpu -- --gpu-package=FILE',
      { cause: error },
    );
  }
  return path;
}

async function open(url) {
  const proxy = proxyFor(url.hostname);
  const socket = proxy && (await tunnel(new URL(proxy), url.hostname));
  const through = socket && { createConnection: () => tlsConnect({ socket, servername: url.hostname }) };
  return new Promise((resolve, reject) => {
    const sent = get(url, { timeout: SILENCE_MS, ...through }, resolve).on('error', reject);
    sent.on('timeout', () => sent.destroy(new Error(`nothing for ${SILENCE_MS / 1000} s`)));
  });
}

/** The proxy that the environment names for a host, if any. */
function proxyFor(host) {
  const { env } = process;
  const without = (env.NO_PROXY ?? env.no_proxy ?? '')
    .split(',')
    .map((name) => name.trim().replace(/^\*?\./, ''));
  if (without.some((name) => name === '*' || host === name || host.endsWith(`.${name}`))) return undefined;
  return env.HTTPS_PROXY || env.https_proxy || undefined;
}

/** A connection to a host through a proxy, for TLS. */
function tunnel({ hostname, port, username, password }, host) {
  const user = Buffer.from(decodeURIComponent(`${username}:${password}`)).toString('base64');
  const headers = username === '' ? {} : { 'proxy-authorization': `Basic ${user}` };
  const options = { host: hostname, port: port || 80, method: 'CONNECT', path: `${host}:443`, headers };
  return new Promise((resolve, reject) => {
    const sent = request({ ...options, timeout: SILENCE_MS }).on('error', reject);
    sent.on('timeout', () => sent.destroy(new Error(`nothing from the proxy for ${SILENCE_MS / 1000} s`)));
    sent.on('connect', ({ statusCode }, socket) => {
      if (statusCode === 200) resolve(socket);
      else sent.destroy(new Error(`status ${statusCode} from the proxy`));
    });
    sent.end();
  });
}

/** Name and version of the package that holds the files. */
function packageOf(folder) {
  const { packages } = metadataOf(folder);
  const { name, versions } = packages['nuget:linux/x64:cuda12'];
  return { name, version: versions[0].version };
}

function unpack(folder, staging, packagePath) {
  const { name, version } = packageOf(folder);
  const wanted = `${name} ${version}`;
  if (!existsSync(packagePath)) throw new Error(`${packagePath}: expected ${wanted}, got no such file`);
  const AdmZip = createRequire(join(folder, 'package.json'))('adm-zip');
  let zip;
  try {
    zip = new AdmZip(packagePath);
  } catch (error) {
    throw new Error(`${packagePath}: expected ${wanted}, got ${error.message}`, { cause: error });
  }
  const about = zip.getEntries().find(({ entryName }) => /^[^/]+\.nuspec$/.test(entryName));
  const found = /<version>([^<]+)<\/version>/.exec(about === undefined ? '' : zip.readAsText(about))?.[1];
  // Another version would end the process when it is loaded.
  if (found !== version)
    throw new Error(`${packagePath}: expected ${wanted}, got version ${found ?? 'unknown'}`);
  mkdirSync(libraryFolder(staging), { recursive: true });
  for (const { path } of Object.values(metadataOf(folder).manifests['linux/x64:cuda12'])) {
    const content = zip.getEntry(path)?.getData();
    if (content === undefined) throw new Error(`${packagePath}: expected ${path} in it, got none`);
    writeFileSync(join(libraryFolder(staging), basename(path)), content);
  }
}

/** Throws for a file that is no shared library. */
function checkLibrary(path) {
  const head = Buffer.alloc(4);
  const file = openSync(path);
  readSync(file, head);
  closeSync(file);
  if (head.toString('latin1') !== '\x7fELF')
    throw new Error(`${basename(path)}: expected a library, got another file`);
}

/** Libraries of NVIDIA's that the loader does not find: an error for those of CUDA, a word about those of TensorRT. */
function checkDependencies(libraries, names, say) {
  for (const name of names) {
    const { stdout } = spawnSync('ldd', [join(libraries, name)], { encoding: 'utf8' });
    const missing = [...(stdout ?? '').matchAll(/^\s*(\S+) => not found/gm)].map(([, library]) => library);
    if (missing.length === 0) continue;
    const list = missing.map((library) => `${library}${vendorOf(library)}`).join(', ');
    if (!name.includes('tensorrt'))
      throw new Error(`${name}: expected its libraries on this system, got none of ${list}`);
    say(`tensorrt is not to be had without ${list}`);
  }
}

function vendorOf(library) {
  const vendor = VENDORS.find(([pattern]) => pattern.test(library))?.[1];
  return vendor === undefined ? '' : ` (${vendor})`;
}

/** Loads a model on the GPU, in a process of its own: a broken driver may end it. */
function checkCuda(root) {
  const weights = join(root, 'models', 'efficientvit', 'weights');
  const model = join(
    weights,
    readdirSync(weights).find((name) => name.endsWith('.onnx')),
  );
  const program = `
    require(${JSON.stringify(join(root, 'node_modules', 'onnxruntime-node'))}).InferenceSession.create(${JSON.stringify(model)},
      { executionProviders: ['cuda'], logSeverityLevel: 4 },
    ).then(() => process.exit(0), (error) => { console.error(error.message); process.exit(1); });`;
  const { status, signal, stderr } = spawnSync(process.execPath, ['-e', program], { encoding: 'utf8' });
  if (status !== 0)
    throw new Error(`cuda: expected to load a model, got ${lastLine(stderr) || (signal ?? status)}`);
}

function lastLine(text) {
  return text.trim().split('\n').at(-1).trim();
}

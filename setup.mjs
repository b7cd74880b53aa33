// Everything a checkout needs, installed by name and asking for nothing: system packages, npm packages, the build.
// Plain Node, since it runs before anything is installed.
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(fileURLToPath(import.meta.url));
const flags = new Set(process.argv.slice(2));

const say = (text) => console.error(`setup: ${text}`);

function fail(text) {
  say(text);
  process.exit(1);
}

/** Servers are in /usr/sbin, which Debian leaves out of the PATH of users. */
function isOnPath(program) {
  const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` };
  return spawnSync('sh', ['-c', `command -v ${program}`], { stdio: 'ignore', env }).status === 0;
}

function run(command, args, options = {}) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: ['ignore', 2, 2], ...options });
  if (error !== undefined) fail(`${command}: ${error.message}`);
  if (status !== 0) fail(`expected "${[command, ...args].join(' ')}" to succeed, got exit code ${status}`);
}

function checkNode() {
  const major = Number(process.versions.node.split('.')[0]);
  if (major < 20) fail(`expected Node.js 20 or newer, got ${process.versions.node}: see https://nodejs.org/`);
}

/** This system's command to install packages, for those who must run it themselves. */
function installCommand(packages) {
  if (process.platform === 'darwin') return `brew install ${packages.map(([, , brew]) => brew).join(' ')}`;
  if (process.platform === 'win32') return `winget install ${packages.map(([name]) => name).join(' ')}`;
  const names = packages.map(([, apt]) => apt).join(' ');
  const release = existsSync('/etc/os-release') ? readFileSync('/etc/os-release', 'utf8') : '';
  if (/^ID(_LIKE)?=.*(fedora|rhel)/m.test(release))
    return `sudo dnf install -y ${names.replace('ffmpeg', 'ffmpeg-free').replace('redis-server', 'redis')}`;
  if (/^ID(_LIKE)?=.*arch/m.test(release))
    return `sudo pacman -S --noconfirm ${names.replace('redis-server', 'redis')}`;
  if (/^ID(_LIKE)?=.*alpine/m.test(release)) return `sudo apk add ${names.replace('redis-server', 'redis')}`;
  return `sudo apt-get install -y ${names}`;
}

/** Of the system's own Python, whose modules are system packages; another one on the PATH does not see those. */
function hasPythonModule(name) {
  return spawnSync('/usr/bin/python3', ['-c', `import ${name}`], { stdio: 'ignore' }).status === 0;
}

/** Programs as [program, Debian package, Homebrew package]. */
function installSystemPackages(programs) {
  const missing = programs.filter(([program]) => !isOnPath(program));
  if (missing.length === 0) return;
  const packages = missing.map(([, apt]) => apt);
  if (!isOnPath('apt-get'))
    fail(`${missing.map(([name]) => name).join(', ')} missing; install: ${installCommand(missing)}`);
  const isRoot = process.getuid?.() === 0;
  if (!isRoot && spawnSync('sudo', ['-n', 'true'], { stdio: 'ignore' }).status !== 0) {
    fail(`${packages.join(', ')} missing and no password-free sudo here; run: ${installCommand(missing)}`);
  }
  say(`installing ${packages.join(', ')} with apt-get`);
  const status = aptInstall(packages);
  if (status !== 0) fail(`expected apt-get to install ${packages.join(', ')}, got exit code ${status}`);
}

/** The exit code of apt-get, as root or by a sudo that asks for nothing. */
function aptInstall(packages) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const asRoot = process.getuid?.() === 0 ? [] : ['sudo', '-n', 'DEBIAN_FRONTEND=noninteractive'];
  const [command, ...first] = [...asRoot, 'apt-get', '-qq', '-o', 'Dpkg::Use-Pty=0'];
  for (const args of [['update'], ['install', '-y', '--no-install-recommends', ...packages]]) {
    const { status } = spawnSync(command, [...first, ...args], { env, stdio: ['ignore', 2, 2] });
    if (status !== 0) return status;
  }
  return 0;
}

/** A Vulkan driver that needs no GPU. Not everywhere to be had: without it the tests of webgpu are skipped. */
function installSwiftShader() {
  const isThere = existsSync('/usr/lib/chromium/vk_swiftshader_icd.json');
  if (isThere || process.platform !== 'linux' || process.arch !== 'x64' || !isOnPath('apt-get')) return;
  say('installing SwiftShader (chromium-common) with apt-get');
  if (aptInstall(['chromium-common', 'libvulkan1']) !== 0)
    say('no SwiftShader to be had here: the tests of webgpu will be skipped');
}

/** Else Debian would start the service with the package: `motion` films with whatever camera this machine has. */
function maskService(name) {
  if (isOnPath(name) || !existsSync('/run/systemd/system') || !isOnPath('systemctl')) return;
  const mask = ['systemctl', 'mask', '--quiet', `${name}.service`];
  const [command, ...args] = process.getuid?.() === 0 ? mask : ['sudo', '-n', ...mask];
  // Without rights there is no installation either, which is told next.
  spawnSync(command, args, { stdio: 'ignore' });
}

function installNpmPackages() {
  const installed = join(root, 'node_modules', '.package-lock.json');
  const wanted = join(root, 'package-lock.json');
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(wanted).mtimeMs) return;
  say('installing npm packages');
  // No package runs a script of its own: onnxruntime-node's would download CUDA files and fail without the internet.
  run('npm', ['ci', '--ignore-scripts', '--no-fund', '--no-audit', '--loglevel=error']);
}

function build() {
  if (!existsSync(join(root, 'dist', '.tsbuildinfo'))) say('building (about half a minute)');
  run(process.execPath, [
    join(root, 'node_modules', 'typescript', 'bin', 'tsc'),
    '-p',
    'tsconfig.build.json',
  ]);
}

/** Makes `npx sightline` run this checkout, with every version of npm. */
function linkCommand() {
  const program = join(root, 'dist', 'pipeline', 'cli', 'main.js');
  chmodSync(program, 0o755);
  if (process.platform === 'win32') return;
  const link = join(root, 'node_modules', '.bin', 'sightline');
  mkdirSync(dirname(link), { recursive: true });
  if (lstatSync(link, { throwIfNoEntry: false }) !== undefined) rmSync(link);
  symlinkSync('../../dist/pipeline/cli/main.js', link);
}

/** Options of `--gpu`, which is for those who have one. */
async function addGpu() {
  const { installGpuFiles } = await import('./setup-gpu.mjs');
  const [packagePath] = [...flags].flatMap((flag) => /^--gpu-package=(.+)/.exec(flag)?.[1] ?? []);
  try {
    await installGpuFiles({ root, say, packagePath, withoutDriver: flags.has('--without-driver') });
  } catch (error) {
    fail(error.message);
  }
}

checkNode();
const programs = [
  ['ffmpeg', 'ffmpeg', 'ffmpeg'],
  ['ffprobe', 'ffmpeg', 'ffmpeg'],
];
if (flags.has('--test')) {
  maskService('mosquitto');
  programs.push(
    ['redis-server', 'redis-server', 'redis'],
    ['openssl', 'openssl', 'openssl@3'],
    ['mosquitto', 'mosquitto', 'mosquitto'],
  );
  // Where there is no apt-get, the tests of what Python makes of the events are skipped.
  for (const name of isOnPath('apt-get') ? ['redis', 'jsonschema'] : []) {
    if (!hasPythonModule(name)) programs.push([`python3-${name}`, `python3-${name}`, '']);
  }
}
if (flags.has('--motion')) {
  maskService('motion');
  programs.push(['motion', 'motion', 'motion']);
}
installSystemPackages(
  programs.filter(([, apt], at) => programs.findIndex(([, other]) => other === apt) === at),
);
if (flags.has('--test')) installSwiftShader();
installNpmPackages();
build();
linkCommand();
if (flags.has('--gpu')) await addGpu();

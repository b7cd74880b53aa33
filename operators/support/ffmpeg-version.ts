import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { platform } from 'node:os';
import { promisify } from 'node:util';
import { PipelineError } from '../../models/domain/errors';

/** `[major, minor]` of an FFmpeg release; development builds count as the newest. */
export type FfmpegVersion = readonly [major: number, minor: number];

/** The first release with the `checksum` option of `showinfo` and `force_divisible_by` of `scale`. */
const OLDEST_USABLE: FfmpegVersion = [4, 3];
const NEWEST: FfmpegVersion = [99, 0];

const run = promisify(execFile);
let known: Promise<FfmpegVersion> | undefined;

/** True when `version` is `major.minor` or newer. */
export function isAtLeast(version: FfmpegVersion, [major, minor]: FfmpegVersion): boolean {
  return version[0] > major || (version[0] === major && version[1] >= minor);
}

/** Reads the release out of the first line of `ffmpeg -version`; undefined when it is none. */
export function parseFfmpegVersion(text: string): FfmpegVersion | undefined {
  const release = /^ffmpeg version n?(\d+)\.(\d+)/.exec(text);
  if (release !== null) return [Number(release[1]), Number(release[2])];
  // Builds from git call themselves "N-112345-gabcdef" or "git-2024-01-01-…".
  return /^ffmpeg version (N-|git|\d{4}-)/.test(text) ? NEWEST : undefined;
}

/**
 * Version of the FFmpeg on the PATH (or at `FFMPEG_PATH`), asked once. Throws PipelineError `ffmpeg_missing`, in one line
 * with this system's install command, when there is none or it is too old.
 */
export function probeFfmpeg(): Promise<FfmpegVersion> {
  known ??= probe().catch((error: unknown) => {
    known = undefined;
    throw error;
  });
  return known;
}

async function probe(): Promise<FfmpegVersion> {
  const path = process.env['FFMPEG_PATH'] ?? 'ffmpeg';
  const expected = `expected FFmpeg ${OLDEST_USABLE.join('.')} or newer`;
  let text: string;
  try {
    text = (await run(path, ['-hide_banner', '-version'], { timeout: 20_000 })).stdout;
  } catch (cause) {
    throw new PipelineError('ffmpeg_missing', `${expected}, found none; install it: ${installCommand()}`, {
      cause,
    });
  }
  const version = parseFfmpegVersion(text);
  if (version !== undefined && isAtLeast(version, OLDEST_USABLE)) return version;
  const got = version?.join('.') ?? JSON.stringify(text.slice(0, 40));
  throw new PipelineError('ffmpeg_missing', `${expected}, got ${got}; install it: ${installCommand()}`);
}

/** The command that installs FFmpeg here. */
export function installCommand(system: string = platform(), release: string = readOsRelease()): string {
  if (system === 'darwin') return 'brew install ffmpeg';
  if (system === 'win32') return 'winget install ffmpeg';
  const families = /^ID(?:_LIKE)?=.*$/gm;
  const ids = (release.match(families) ?? []).join(' ');
  if (/debian|ubuntu/.test(ids)) return 'sudo apt-get install -y ffmpeg';
  if (/alpine/.test(ids)) return 'sudo apk add ffmpeg';
  if (/fedora|rhel|centos/.test(ids)) return 'sudo dnf install -y ffmpeg-free';
  if (/arch/.test(ids)) return 'sudo pacman -S --noconfirm ffmpeg';
  if (/suse/.test(ids)) return 'sudo zypper install -y ffmpeg';
  return 'see https://ffmpeg.org/download.html';
}

function readOsRelease(): string {
  try {
    return readFileSync('/etc/os-release', 'utf8');
  } catch {
    // Not every system has the file; then the general advice stands.
    return '';
  }
}

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { VIDEO_FORMATS } from '../operators/sources/format-lists';
import type { Input } from './inputs';

/** What a file's headers say, where they say it. */
export interface MediaInfo {
  readonly durationMs?: number;
  readonly frameCount?: number;
  readonly fps?: number;
}

const run = promisify(execFile);

interface ProbeOutput {
  readonly streams?: readonly { nb_frames?: string; avg_frame_rate?: string; duration?: string }[];
  readonly format?: { duration?: string };
}

/** Asks ffprobe for the length of a file, to show progress; empty when it cannot tell. Never throws. */
export async function probeMedia({ location }: Input): Promise<MediaInfo> {
  const args = [
    '-v',
    'error',
    '-protocol_whitelist',
    'file',
    '-format_whitelist',
    VIDEO_FORMATS,
    '-select_streams',
    'v:0',
  ];
  const entries = [
    '-show_entries',
    'stream=nb_frames,avg_frame_rate,duration:format=duration',
    '-of',
    'json',
  ];
  let output: ProbeOutput;
  try {
    const { stdout } = await run(
      process.env['FFPROBE_PATH'] ?? 'ffprobe',
      [...args, ...entries, `file:${location}`],
      {
        timeout: 10_000,
        maxBuffer: 1 << 20,
      },
    );
    output = JSON.parse(stdout) as ProbeOutput;
  } catch {
    // Progress without a total is all that is lost; the decoder says what is wrong with the file.
    return {};
  }
  const stream = output.streams?.[0];
  const seconds = positive(stream?.duration) ?? positive(output.format?.duration);
  const [num, den] = (stream?.avg_frame_rate ?? '').split('/');
  const fps =
    positive(num) !== undefined && positive(den) !== undefined ? Number(num) / Number(den) : undefined;
  const frameCount = positive(stream?.nb_frames) ?? (seconds && fps ? Math.round(seconds * fps) : undefined);
  return {
    ...(seconds !== undefined && { durationMs: seconds * 1000 }),
    ...(frameCount !== undefined && { frameCount }),
    ...(fps !== undefined && { fps }),
  };
}

function positive(text: string | undefined): number | undefined {
  const value = Number(text);
  return Number.isFinite(value) && value > 0 ? value : undefined;
}

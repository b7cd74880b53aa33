import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { MAIN } from '../../support/sightline';

/** Frames a second that are looked at: by Sightline's detector and by `motion`. */
export const LOOK_FPS = 5;

/** Those measured, the floor first. */
export const PROGRAMS = ['ffmpeg', 'motion', 'gated', 'plain'] as const;

export type Program = (typeof PROGRAMS)[number];

export interface ProgramOptions {
  /** Of the camera. */
  readonly url: string;
  /** For what the program reads and writes. */
  readonly folder: string;
  /** Where Sightline is to serve its metrics. */
  readonly metricsPort: number;
}

/** The command line of a program that watches the camera until it is ended; writes the configuration that it needs. */
export function commandOf(program: Program, options: ProgramOptions): readonly [string, ...string[]] {
  const { url, folder, metricsPort } = options;
  const config = join(folder, `${program}.conf`);
  switch (program) {
    case 'ffmpeg':
      return ['ffmpeg', '-v', 'error', '-nostdin', ...FLOOR, '-i', url, '-map', '0:v', '-f', 'null', '-'];
    case 'motion':
      writeFileSync(config, motionConfig(url, folder));
      return ['motion', '-n', '-c', config];
    case 'gated':
    case 'plain':
      writeFileSync(config, sightlineConfig(url, folder, program === 'gated'));
      return [process.execPath, MAIN, 'run', '-q', '-c', config, '--metrics', `127.0.0.1:${metricsPort}`];
  }
}

/** Every picture decoded by one thread, and thrown away as it is. */
const FLOOR = ['-threads', '1', '-rtsp_transport', 'tcp'];

/** Of `motion` 4.5: what it detects alone, and the log; no pictures, no films, no pages. Its detection is as its defaults have it. */
export function motionConfig(url: string, folder: string): string {
  return [
    'daemon off',
    'setup_mode off',
    'log_level 6',
    `target_dir ${folder}`,
    `netcam_url ${url}`,
    'netcam_params rtsp_transport=tcp',
    'width 1920',
    'height 1080',
    `framerate ${LOOK_FPS}`,
    'event_gap 2',
    'picture_output off',
    'movie_output off',
    'webcontrol_port 0',
    'stream_port 0',
    '',
  ].join('\n');
}

/** Events that `motion` began, by its log. */
export function motionEvents(log: string): number {
  return log.match(/Motion detected - starting event/g)?.length ?? 0;
}

/** People alone, since the bundled detector takes a rock of the plaza for one at low scores, and what is tracked is looked at. */
function sightlineConfig(url: string, folder: string, hasGate: boolean): string {
  const camera = {
    url,
    maxFps: LOOK_FPS,
    labels: ['person'],
    minScore: 0.5,
    ...(hasGate ? { motion: {} } : {}),
  };
  const events = [{ type: 'jsonl', path: join(folder, 'events.jsonl') }];
  // JSON is YAML.
  return JSON.stringify({ cameras: { camera }, events });
}

/** Frames of all cameras by what became of them, a reason in place of `dropped`, from the text of Sightline's `/metrics`. */
export function frameCounts(metrics: string): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const [, labels, value] of metrics.matchAll(/^sightline_frames_total\{([^}]*)\} (\S+)$/gm)) {
    const [outcome, reason] = ['outcome', 'reason'].map((name) =>
      new RegExp(`(?:^|,)${name}="([^"]*)"`).exec(labels!)?.at(1),
    );
    const key = outcome === 'dropped' ? (reason ?? outcome) : (outcome ?? '');
    counts[key] = (counts[key] ?? 0) + Number(value);
  }
  return counts;
}

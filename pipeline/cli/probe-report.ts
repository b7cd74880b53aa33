import { printable } from './printable';
import type { ProbeOk, ProbeResult, ProbeTransport, ProbedGop, ProbedVideo } from '../probe/result';

const TRANSPORTS: Record<ProbeTransport, string> = {
  file: 'file',
  folder: 'folder of pictures',
  test: 'generated',
  'rtsp-tcp': 'RTSP over TCP',
  'rtsp-udp': 'RTSP, RTP over UDP',
  'rtsps-tcp': 'RTSP over TLS',
  http: 'HTTP',
  https: 'HTTPS',
  rtp: 'RTP over UDP',
  v4l2: 'video device',
};

/** What a probe found, for people: one line a thing, the verdict last. */
export function reportOf(result: ProbeResult): string[] {
  return [result.input, ...rowsOf(result).map(([name, text]) => `  ${name.padEnd(LABEL_WIDTH)}${text}`)].map(
    printable,
  );
}

const LABEL_WIDTH = 13;

type Row = readonly [name: string, text: string];

function rowsOf(result: ProbeResult): Row[] {
  if (result.state === 'stopped') return [['verdict', 'stopped before the first picture']];
  if (result.state === 'failed') {
    const { code, detail, remedy } = result.error;
    return [
      ['verdict', `failed: ${code}: ${detail}`],
      ['remedy', remedy],
    ];
  }
  return [...measuredRows(result), ...verdictRows(result)];
}

function measuredRows(result: ProbeOk): Row[] {
  const { transport, connectMs, firstFrameMs, video, audio, damage } = result;
  const { declaredFps, measuredFps, frameCount } = video;
  const isAlone = frameCount === 1;
  const declared = declaredFps === undefined ? 'none declared' : `${number(declaredFps)} declared`;
  const rate = measuredFps === undefined ? 'not measured' : `${number(measuredFps)} frames a second`;
  return [
    ['transport', TRANSPORTS[transport]],
    ['opened', `after ${ms(connectMs)}, first picture after ${ms(firstFrameMs)}`],
    ['video', describeVideo(video)],
    ...(isAlone
      ? []
      : ([
          ['rate', `${rate}, ${declared}`],
          ['key frames', `${describeGop(video.gop)}; B-frames: ${video.hasBFrames ? 'yes' : 'no'}`],
        ] as const)),
    ['audio', audio.length === 0 ? 'none' : audio.map(named).join(', ')],
    ...(isAlone ? [] : ([['pts', describeTimes(result)]] as const)),
    [
      'decoding',
      `${count(frameCount, 'picture')}, ${damage.count === 0 ? 'no errors' : `${count(damage.count, 'error')} (first: ${damage.first ?? ''})`}`,
    ],
  ];
}

function verdictRows({ advice, video: { frameCount } }: ProbeOk): Row[] {
  if (advice.length === 0) return [['verdict', frameCount === 1 ? 'ok: a picture' : 'ok']];
  return [['verdict', 'ok, but'], ...advice.map(({ text }): Row => ['', `- ${text}`])];
}

function describeVideo(video: ProbedVideo): string {
  const { pixelFormat, width, height, sampleAspect, bitrateBps, sizeCount } = video;
  return [
    named(video),
    pixelFormat,
    `${width}x${height}${sizeCount > 1 ? ` and ${count(sizeCount - 1, 'other size')}` : ''}`,
    ...(sampleAspect === undefined ? [] : [`pixels ${sampleAspect.join(':')}`]),
    ...(bitrateBps === undefined ? [] : [bitrate(bitrateBps)]),
  ].join(', ');
}

function describeGop(gop: ProbedGop): string {
  if (!gop.isMeasured) return `no second one in ${seconds(gop.longerThanMs)}`;
  const longest = gop.gopCount > 1 ? ' at most' : '';
  return `${count(gop.frameCount, 'frame')}, ${seconds(gop.ms)} apart${longest}`;
}

function describeTimes({ measuredMs, times }: ProbeOk): string {
  const { isMonotonic, intervalMs, gapCount, backwardCount, standingCount, withoutPtsCount, driftMs } = times;
  const some = (number: number, what: string) => (number === 0 ? [] : [`${number} ${what}`]);
  return [
    isMonotonic ? 'monotonic' : 'not monotonic',
    ...some(withoutPtsCount, 'without pts'),
    ...some(backwardCount, 'backward'),
    ...some(standingCount, 'standing still'),
    gapCount === 0 ? 'no gaps' : count(gapCount, 'gap'),
    ...(intervalMs === undefined
      ? []
      : [`interval ${number(intervalMs.p50)} ms (p50), ${number(intervalMs.max)} ms (max)`]),
    ...(driftMs === undefined
      ? []
      : [
          `wall time ${Math.round(driftMs) < 0 ? '-' : '+'}${ms(Math.abs(driftMs))} in ${seconds(measuredMs)}`,
        ]),
  ].join(', ');
}

/** One camera of many in one line; `width` is that of the longest name. */
export function rowOf(name: string, result: ProbeResult, width: number): string {
  return printable(`${name.padEnd(width)}  ${result.state.padEnd(7)}  ${summaryOf(result)}`.trimEnd());
}

function summaryOf(result: ProbeResult): string {
  if (result.state === 'stopped') return '';
  if (result.state === 'failed')
    return `${result.error.code}: ${result.error.detail}; ${result.error.remedy}`;
  const { video, firstFrameMs, audio, advice } = result;
  const { codec, width, height, measuredFps, gop, bitrateBps } = video;
  return [
    `${codec} ${width}x${height}`,
    ...(measuredFps === undefined ? [] : [`${number(measuredFps)} fps`]),
    `GOP ${gop.isMeasured ? seconds(gop.ms) : `over ${seconds(gop.longerThanMs)}`}`,
    ...(bitrateBps === undefined ? [] : [bitrate(bitrateBps)]),
    `audio ${audio[0]?.codec ?? 'none'}`,
    `first picture ${ms(firstFrameMs)}`,
    ...(advice.length === 0 ? [] : [`but: ${advice.map(({ code }) => code).join(' ')}`]),
  ].join(', ');
}

const named = ({ codec, profile }: { readonly codec: string; readonly profile?: string }) =>
  profile === undefined ? codec : `${codec} (${profile})`;
const count = (number: number, what: string) => `${number} ${what}${number === 1 ? '' : 's'}`;
const number = (value: number) => String(Math.round(value * 100) / 100);
const ms = (value: number) => `${Math.round(value)} ms`;
const seconds = (value: number) => `${(value / 1000).toFixed(1)} s`;
const bitrate = (bps: number) =>
  bps >= 1e6 ? `${(bps / 1e6).toFixed(1)} Mbit/s` : `${Math.round(bps / 1000)} kbit/s`;

import type { ErrorCode } from '../../models/domain/errors';
import { redact } from '../../models/domain/redact';

/**
 * FFmpeg's words for what went wrong (versions 4.3 to 7), most telling first: a 401 is followed by "Invalid data" or
 * "Operation not permitted", and a dropped connection by "Input/output error". Where they would tell a person nothing, a
 * third part says it plainly.
 */
const SIGNS: readonly (readonly [sign: RegExp, code: ErrorCode, plainly?: string])[] = [
  [/device setup failed for decoder|no device available for decoder|unrecognized hwaccel/i, 'hwaccel'],
  // Only the status of an answer: decoders and RTP print numbers of every kind.
  [/\b(?:failed:|returned|error) 40[13]\b|unauthorized|forbidden|authorization failed/i, 'auth'],
  [/\b(?:failed:|returned|error) 404\b|stream not found|no such file or directory/i, 'not_found'],
  [
    /certificate (failed verification|verify failed)|certificate's owner does not match/i,
    'unknown',
    'expected a certificate that is valid for this host and signed by an authority this system trusts, got another',
  ],
  [/failed: 461\b|nonmatching transport in server reply/i, 'transport'],
  [
    /unexpected tls packet|wrong version number|packet length too long|record overflow/i,
    'protocol',
    'expected TLS, as rtsps:// and https:// say, got something else',
  ],
  [
    /^(\[[^\]]*\]\s*)*format not on whitelist/i,
    'protocol',
    'expected a format that is read from such an input (over HTTP: MJPEG, MPEG-TS or HLS, no single pictures; of a file: a video, or a picture named as one), got another',
  ],
  [/connection refused/i, 'refused'],
  [
    /failed to resolve hostname|name or service not known|temporary failure in name resolution|no address associated/i,
    'dns',
  ],
  [/timed out|timeout|no route to host|network is unreachable|host is unreachable/i, 'timeout'],
  [/protocol not found|not on whitelist|protocol .* not/i, 'protocol'],
  [/stream specifier .* in filtergraph|matches no streams/i, 'codec', 'expected a video stream, found none'],
  [
    /moov atom not found/i,
    'corrupt',
    'expected a whole video file, got another or one cut off (no moov atom)',
  ],
  [
    /does not contain any stream|no decoder|decoder .* not found|unknown decoder|could not find codec parameters|output file .* does not contain|unsupported codec/i,
    'codec',
  ],
  [/invalid data found|error while decoding|corrupt|invalid nal|end of file|partial file/i, 'corrupt'],
  [/input\/output error|connection reset|broken pipe|end of file|server returned/i, 'ended'],
];

/** What the last lines of FFmpeg's stderr say of a failure: a code, and the line that told it. */
export function classifyStderr(lines: readonly string[]): {
  readonly code: ErrorCode;
  readonly detail?: string;
} {
  for (const [sign, code, plainly] of SIGNS) {
    const line = lines.find((text) => sign.test(withoutPlaces(text)));
    if (line !== undefined) return { code, detail: plainly ?? withoutPrefix(line) };
  }
  const last = lines.at(-1);
  return last === undefined ? { code: 'unknown' } : { code: 'unknown', detail: withoutPrefix(last) };
}

/**
 * Complaints after which FFmpeg goes on with what comes next; metadata, which may say anything, comes as `[info]`. What
 * `mpegts` calls corrupt is also the place where two whole recordings were joined: there the decoder's word counts. Where whole
 * pictures were lost on the way, that of H.264 says nothing.
 */
const DAMAGE =
  /^(?!\[mpegts)(\[[^\]]*\]\s*)*\[(warning|error)\].*(packet corrupt|corrupt decoded frame|error while decoding|error submitting packet|decoding error|partial file|ended prematurely|invalid nal|rtp: missed \d+ packets)/i;

/**
 * FFmpeg's words, credentials removed, when a line of its stderr tells of data that it could not read or decode. `hide` knows
 * the credentials of the input: FFmpeg repeats its URL, and where a password holds a quote no pattern finds its end.
 */
export function damageIn(line: string, hide: (text: string) => string = redact): string | undefined {
  return DAMAGE.test(line) ? withoutPrefix(hide(line)) : undefined;
}

/** What FFmpeg says of a camera that sends nothing more; the system's words differ between Linux and macOS. */
const READ_TIMEOUT = /^(?!\[info\]).*: (Connection|Operation) timed out$/;

/** True for the line with which FFmpeg gives up waiting for a camera that went silent. */
export function tellsOfSilence(line: string): boolean {
  return READ_TIMEOUT.test(line);
}

/** FFmpeg knows how long an input is: it was recorded. A guess from its size does not count, since that may be anything. */
const LENGTH = /^\[info\] {3}Duration: (?!N\/A|00:00:00\.00)\d+:\d\d:\d\d\.\d\d, start: /;

/** True for the line that says how long an input is. */
export function tellsOfLength(line: string): boolean {
  return LENGTH.test(line);
}

/**
 * Without what the user chose and FFmpeg repeats: a file at `/footage/404/` was still found, and a recorder's channel 4 is at
 * `/Streaming/Channels/401`.
 */
function withoutPlaces(line: string): string {
  return line.replace(/\bfile:.*(?=: )/, 'file').replace(/\b[a-z][a-z0-9+.-]*:\/\/[^\s']*[^\s':]/gi, 'url');
}

/** The message without FFmpeg's `[rtsp @ 0x55d0…] [error] `, whose address differs each time. */
function withoutPrefix(line: string): string {
  return line
    .replace(/^(\[[^\]]*\]\s*)+/, '')
    .replace(/\?timeout=\d+/, '')
    .trim()
    .replace(/\.$/, '');
}

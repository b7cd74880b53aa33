import type { ErrorCode } from '../../models/domain/errors';

/**
 * FFmpeg's words for what went wrong (versions 4.3 to 7), most telling first: a 401 is followed by "Invalid data" or
 * "Operation not permitted", and a dropped connection by "Input/output error".
 */
const SIGNS: readonly (readonly [RegExp, ErrorCode])[] = [
  [/\b401\b|\b403\b|unauthorized|forbidden|authorization failed/i, 'auth'],
  [/\b404\b|stream not found|no such file or directory/i, 'not_found'],
  [/connection refused/i, 'refused'],
  [
    /failed to resolve hostname|name or service not known|temporary failure in name resolution|no address associated/i,
    'dns',
  ],
  [/timed out|timeout|no route to host|network is unreachable|host is unreachable/i, 'timeout'],
  [/protocol not found|not on whitelist|protocol .* not/i, 'protocol'],
  [
    /matches no streams|does not contain any stream|no decoder|decoder .* not found|unknown decoder|could not find codec parameters|output file .* does not contain|unsupported codec/i,
    'codec',
  ],
  [
    /invalid data found|moov atom not found|error while decoding|corrupt|invalid nal|end of file|partial file/i,
    'corrupt',
  ],
  [/input\/output error|connection reset|broken pipe|end of file|server returned/i, 'ended'],
];

/** What the last lines of FFmpeg's stderr say of a failure: a code, and the line that told it. */
export function classifyStderr(lines: readonly string[]): {
  readonly code: ErrorCode;
  readonly detail?: string;
} {
  for (const [sign, code] of SIGNS) {
    const line = lines.find((text) => sign.test(text));
    if (line !== undefined) return { code, detail: withoutPrefix(line) };
  }
  const last = lines.at(-1);
  return last === undefined ? { code: 'unknown' } : { code: 'unknown', detail: withoutPrefix(last) };
}

/** The message without FFmpeg's `[rtsp @ 0x55d0…] [error] `, whose address differs each time. */
function withoutPrefix(line: string): string {
  return line.replace(/^(\[[^\]]*\]\s*)+/, '').trim();
}

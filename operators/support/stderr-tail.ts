import { redact } from '../../models/domain/redact';

/** The last lines of a process's stderr, for people. */
export interface StderrTail {
  push(line: string): void;
  /** Oldest first, credentials removed. */
  lines(): readonly string[];
}

/** Lines that FFmpeg prints for each frame or stream, and that explain no failure. */
const NOISE =
  /^\[showinfo@|^\[info\]|^\s*$|\[info\]\s+(Metadata|encoder|major_brand|minor_version|compatible_brands|handler_name|vendor_id)|Press \[q\]|User Data|^\[Parsed_|^\s+(Metadata|Stream #|Duration):?/;

/** Keeps at most `maxLines` lines of at most `maxLength` characters; FFmpeg's running commentary is left out. */
export function createStderrTail({ maxLines = 20, maxLength = 400, hide = redact } = {}): StderrTail {
  const kept: string[] = [];
  return {
    push(line) {
      if (NOISE.test(line)) return;
      // In this order: a URL cut in two would keep its password.
      kept.push(hide(line).slice(0, maxLength).trimEnd());
      if (kept.length > maxLines) kept.shift();
    },
    lines: () => [...kept],
  };
}

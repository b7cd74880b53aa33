import type { Readable } from 'node:stream';
import { redact } from '../../models/domain/redact';

const TAIL_CHARS = 2000;
/** Frames of a JavaScript stack, and of the native one that Node prints when it aborts. */
const STACK_LINE = /^(at |\d+: |-+ )/;

/** The last words of a child. */
export interface StderrTail {
  /** ` : <last line that says something>`, without credentials, or ''. */
  sentence(): string;
}

/** Reads a stream to its end, so that its writer never blocks, and keeps the last 2000 characters. */
export function createStderrTail(stream: Readable | null): StderrTail {
  let tail = '';
  stream?.setEncoding('utf8');
  stream?.on('data', (text: string) => (tail = (tail + text).slice(-TAIL_CHARS)));
  return {
    sentence() {
      const lines = tail.split('\n').map((line) => line.trim());
      // A stack begins with what went wrong; its frames say nothing to a user.
      const last = lines.findLast((line) => line !== '' && !STACK_LINE.test(line));
      return last === undefined ? '' : `: ${redact(last)}`;
    },
  };
}

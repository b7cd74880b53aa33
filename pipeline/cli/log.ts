import { Writable } from 'node:stream';
import pino from 'pino';
import type { Logger } from 'pino';
import { printable } from './printable';

export interface LogOptions {
  readonly format: 'text' | 'json';
  readonly level: 'error' | 'warn' | 'info' | 'debug';
  /** Removes credentials from every message. */
  readonly redact: (text: string) => string;
  /** Takes whole lines without their line break. */
  readonly write: (line: string) => void;
}

/** A pino logger: JSON lines for machines, or `warn  plaza: …` for people. */
export function createLog({ format, level, redact, write }: LogOptions): Logger {
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      const line = JSON.parse(chunk.toString('utf8')) as LogLine;
      // Not the line as a whole: a password may be "level", or some digits of its time.
      const shown = { ...line, msg: redact(line.msg) };
      write(format === 'json' ? JSON.stringify(shown) : toText(shown));
      done();
    },
  });
  return pino({ level, base: null, formatters: { level: (label) => ({ level: label }) } }, stream);
}

interface LogLine {
  readonly level: string;
  readonly msg: string;
  readonly camera?: string;
}

function toText({ level, msg, camera }: LogLine): string {
  return `${level.padEnd(5)} ${camera === undefined ? '' : `${camera}: `}${printable(msg)}`;
}

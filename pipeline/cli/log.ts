import { Writable } from 'node:stream';
import pino from 'pino';
import type { Logger } from 'pino';

export interface LogOptions {
  readonly format: 'text' | 'json';
  readonly level: 'error' | 'warn' | 'info' | 'debug';
  /** Removes credentials from every line. */
  readonly redact: (text: string) => string;
  /** Takes whole lines without their line break. */
  readonly write: (line: string) => void;
}

/** A pino logger: JSON lines for machines, or `warn  plaza: …` for people. */
export function createLog({ format, level, redact, write }: LogOptions): Logger {
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      const json = redact(chunk.toString('utf8').trimEnd());
      write(format === 'json' ? json : toText(json));
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

function toText(json: string): string {
  const { level, msg, camera } = JSON.parse(json) as LogLine;
  return `${level.padEnd(5)} ${camera === undefined ? '' : `${camera}: `}${msg}`;
}

import { types } from 'node:util';

/**
 * Every way a source, a detector or a sink can break, and whether trying again can help. `ARCHITECTURE.md` explains each; a
 * test holds both lists together.
 */
export const ERRORS = {
  auth: { isRetryable: true, remedy: 'check the user name and password in the URL' },
  not_found: { isRetryable: true, remedy: 'check the path of the file or stream' },
  refused: { isRetryable: true, remedy: 'check host and port, and that the server is running' },
  dns: { isRetryable: true, remedy: 'check the host name' },
  timeout: { isRetryable: true, remedy: 'check that the camera is on and reachable from this host' },
  stalled: {
    isRetryable: true,
    remedy: 'the camera is connected and sends no more pictures; check it, its load and its network',
  },
  codec: { isRetryable: true, remedy: 'check that the input holds a video stream FFmpeg can decode' },
  hwaccel: {
    isRetryable: true,
    remedy: 'check the device and its driver, and that this user may open it; the CPU decodes meanwhile',
  },
  corrupt: {
    isRetryable: true,
    remedy:
      'check that a file is complete and really is a video, and that a camera, not a web page, answers at a URL',
  },
  ended: { isRetryable: true, remedy: 'check that the source is still there and that it is a live stream' },
  transport: {
    isRetryable: true,
    remedy: 'set the other rtspTransport of the camera, tcp or udp (--rtsp-transport of probe)',
  },
  protocol: {
    isRetryable: true,
    remedy:
      'use a supported URL scheme, the one that the server speaks, and a format that such an input may have',
  },
  unknown: { isRetryable: true, remedy: 'see the FFmpeg message' },
  ffmpeg_missing: { isRetryable: false, remedy: 'install FFmpeg 4.3 or newer' },
  worker_lost: { isRetryable: true, remedy: 'the inference process hung or crashed; it was replaced' },
  poison: {
    isRetryable: false,
    remedy: 'the frame crashed the detector again and again while alone; see the dead-frames stream',
  },
  inference: { isRetryable: true, remedy: 'see the message of the detector' },
  model: { isRetryable: false, remedy: 'check the weights against their manifest' },
  config: { isRetryable: false, remedy: 'run: sightline validate' },
  sink: { isRetryable: true, remedy: 'check where the events go' },
} as const;

/** A key of the error table. */
export type ErrorCode = keyof typeof ERRORS;

/** Codes with which a single frame can fail. */
export type FailureCode = Extract<ErrorCode, 'worker_lost' | 'inference' | 'poison'>;

/** An error with a code of the table; its message starts with the code, since only text survives a queue. */
export class PipelineError extends Error {
  readonly code: ErrorCode;
  /** The message without its code. */
  readonly detail: string;

  constructor(code: ErrorCode, detail: string, options?: { cause?: unknown }) {
    super(`${code}: ${detail}`, options);
    this.name = 'PipelineError';
    this.code = code;
    this.detail = detail;
  }

  /** True when the same attempt may succeed later. */
  get isRetryable(): boolean {
    return ERRORS[this.code].isRetryable;
  }
}

/** The one place where a caught value becomes an Error. */
export function toError(value: unknown): Error {
  // Errors of another realm (jest runs each test file in its own) are no `instanceof Error`.
  if (value instanceof Error || types.isNativeError(value)) return value;
  if (typeof value === 'string') return new Error(value);
  return new Error(`not an Error but ${typeof value}`, { cause: value });
}

/** The value as a PipelineError: itself, or wrapped with the given code and its own message. */
export function toPipelineError(value: unknown, code: ErrorCode = 'unknown'): PipelineError {
  if (value instanceof PipelineError) return value;
  const error = toError(value);
  return new PipelineError(code, error.message, { cause: error });
}

import { isNativeError } from 'node:util/types';
import { PipelineError } from '../domain/errors';
import type { ErrorCode } from '../domain/errors';

/** Connection faults by Node's code. */
const CODES: Readonly<Record<string, ErrorCode>> = {
  ECONNREFUSED: 'refused',
  ENOTFOUND: 'dns',
  EAI_AGAIN: 'dns',
  ETIMEDOUT: 'timeout',
};

/** Node's codes for a certificate it does not accept, and OpenSSL's for a handshake that cannot work. */
const TLS_CODE = /^(CERT_|ERR_TLS_CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|ERR_SSL_)/;

/** What ioredis says of commands whose connection broke, whatever broke it. */
const CLOSED = 'Connection is closed.';

interface RootError {
  readonly message: string;
  readonly code: string;
}

/** True for an error that only says that something else broke the connection. */
export function isVague(error: unknown): boolean {
  return rootOf(error).message === CLOSED;
}

/**
 * An error of ioredis as one of ours. The original is left out on purpose, also as `cause`: it carries the command it
 * answers, and the command that logs in carries the password.
 */
export function toRedisError(error: unknown, name: string): PipelineError {
  const { message, code } = rootOf(error);
  if (/\bNOAUTH\b/.test(message)) {
    return new PipelineError(
      'auth',
      `${name}: expected a password (redis://:PASSWORD@host), got none (NOAUTH${placeIn(message)})`,
    );
  }
  if (/\b(WRONGPASS|NOPERM)\b|ERR invalid password|ERR AUTH/.test(message)) {
    return new PipelineError('auth', `${name}: expected to be let in, got ${message}`);
  }
  if (/Unknown RESP type|Protocol error, got "/.test(message)) {
    return new PipelineError('config', `${name}: expected Redis, got a server that speaks something else`);
  }
  if (/^(Reached the max retries|Stream isn't writeable)/.test(message)) {
    return new PipelineError('ended', `${name}: expected an answer, got a connection that broke`);
  }
  if (/cluster support disabled/.test(message)) {
    return new PipelineError(
      'config',
      `${name}: expected a cluster, got a lone server, whose URL is redis://`,
    );
  }
  if (/unknown command '?SENTINEL/i.test(message)) {
    return new PipelineError('config', `${name}: expected sentinels, got a server that is none`);
  }
  if (TLS_CODE.test(code)) {
    return new PipelineError(
      'config',
      `${name}: expected TLS that both sides trust, got ${message} (${code})`,
    );
  }
  return new PipelineError(CODES[code] ?? 'unknown', `${name}: expected an answer, got ${message}`);
}

/** The sentinel that said it, where one did. */
const placeIn = (message: string) => {
  const sentinel = /^(sentinel \S+):/.exec(message)?.[1];
  return sentinel === undefined ? '' : ` from ${sentinel}`;
};

/** A cluster of which no node answers keeps the reason of one in `lastNodeError`; a name with several addresses, in `errors`. */
function rootOf(error: unknown): RootError {
  if (!isNativeError(error)) return { message: String(error), code: '' };
  const { lastNodeError, errors, code, reason } = error as Error & {
    readonly lastNodeError?: unknown;
    readonly errors?: readonly unknown[];
    readonly code?: unknown;
    readonly reason?: unknown;
  };
  const inner = lastNodeError ?? errors?.[0];
  if (isNativeError(inner)) return rootOf(inner);
  // OpenSSL's message is its own trace, with a number that differs each time.
  const message = typeof reason === 'string' ? reason : error.message;
  return { message, code: typeof code === 'string' ? code : '' };
}

const REPEAT_MS = 1000;
const REMEMBERED = 32;

/** Hands errors on as ours, the same one at most once a second: each node of a cluster tells of what broke, and often. */
export function createErrorReporter(
  name: string,
  onError: ((error: PipelineError) => void) | undefined,
): (error: unknown) => void {
  const toldAtMs = new Map<string, number>();
  return (error) => {
    const failure = toRedisError(error, name);
    const nowMs = performance.now();
    if (nowMs - (toldAtMs.get(failure.message) ?? -Infinity) < REPEAT_MS) return;
    toldAtMs.delete(failure.message);
    toldAtMs.set(failure.message, nowMs);
    const [oldest] = toldAtMs.keys();
    if (toldAtMs.size > REMEMBERED && oldest !== undefined) toldAtMs.delete(oldest);
    onError?.(failure);
  };
}

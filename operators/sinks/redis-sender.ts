import { isNativeError } from 'node:util/types';
import { PipelineError, toPipelineError } from '../../models/domain/errors';
import { retryDelayMs, toRedisError, waitForRedis } from '../../models/support/redis';
import type { RedisClient } from '../../models/support/redis';
import { pause, within } from '../support/within';
import type { Appender, Entry } from './append-script';

export interface SenderOptions {
  readonly client: RedisClient;
  /** For messages: the server without credentials. */
  readonly name: string;
  readonly appender: Appender;
  /** So many events of the camera went to the `late` stream. */
  readonly onSuperseded?: ((camera: string, count: number) => void) | undefined;
  /** Redis answers, but does not take events for now. */
  readonly onTrouble?: ((error: PipelineError) => void) | undefined;
}

/** Appends batches, each again and again until Redis has confirmed it. */
export interface Sender {
  /** A number for a batch; they grow from 1. */
  nextBatch(): number;
  /**
   * Resolves with true when Redis has the batch, and with false when it was stopped before that was known. Rejects with a
   * PipelineError `sink` for an answer that no repetition mends. One batch at a time.
   */
  send(batch: number, entries: readonly Entry[]): Promise<boolean>;
  /** From now on nothing is sent; a batch on its way may still be appended. */
  stop(): void;
  /** Has Redis forget the writer, after the last batch, if it is there. */
  forget(): Promise<void>;
}

/** Redis forgets a writer by itself: to have it forgotten sooner is worth a short wait. */
const FORGET_TIMEOUT_MS = 1000;
const RECONNECT_WAIT_MS = 1000;

/** A sender over one writer's appender. */
export function createSender(options: SenderOptions): Sender {
  const { client, name, appender, onSuperseded, onTrouble } = options;
  const stopped = new AbortController();
  const { signal } = stopped;
  let batches = 0;
  let hasSent = false;

  /** Resolves when the connection is back, or after a growing delay where it never left (a full or loading server). */
  async function untilWorthTrying(attempt: number): Promise<void> {
    if (client.status === 'ready') return pause(retryDelayMs(attempt), signal);
    try {
      await within(waitForRedis(client, name, RECONNECT_WAIT_MS, signal), Infinity, signal);
    } catch (error) {
      const failure = toPipelineError(error);
      if (failure.code === 'auth') throw toSinkError(failure);
    }
  }

  return {
    nextBatch: () => ++batches,
    async send(batch, entries) {
      hasSent = true;
      for (let attempt = 1; !signal.aborted; attempt++) {
        let superseded: ReadonlyMap<string, number> | undefined;
        try {
          // A reply may never come.
          superseded = await within(appender.append(batch, entries), Infinity, signal);
        } catch (error) {
          const refusal = refusalIn(error);
          if (refusal !== undefined) throw toSinkError(toRedisError(refusal, name));
          if (client.status === 'ready') onTrouble?.(toRedisError(error, name));
          await untilWorthTrying(attempt);
          continue;
        }
        if (superseded === undefined) return false;
        for (const [camera, count] of superseded) onSuperseded?.(camera, count);
        return true;
      }
      return false;
    },
    stop: () => stopped.abort(),
    async forget() {
      if (!hasSent || client.status !== 'ready') return;
      await within(
        appender.forget().catch(() => undefined),
        FORGET_TIMEOUT_MS,
      );
    },
  };
}

/** The same fault as one of the sink. */
export function toSinkError(error: PipelineError): PipelineError {
  return new PipelineError('sink', error.detail, { cause: error });
}

/**
 * The answer that no second attempt mends, if the error is one: a key holds something else, the user may not do what the
 * script does, or the server lacks a command. Redis before 7 puts its own words around an error inside a script.
 */
function refusalIn(error: unknown): Error | undefined {
  if (!isNativeError(error)) return undefined;
  const isRefusal =
    /\b(WRONGTYPE|NOPERM|NOAUTH|WRONGPASS)\b|can't run this command|unknown (redis )?command/i.test(
      error.message,
    );
  return isRefusal ? error : undefined;
}

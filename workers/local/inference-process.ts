import { PipelineError, toError } from '../../models/domain/errors';
import { replySchema } from '../inference/protocol';
import type { Batch } from './batch';
import type { FrameReference, ReadyReply, Reply, Request, StartRequest } from '../inference/protocol';
import { forkProgram } from './fork-program';
import { createStderrTail } from './stderr-tail';

/** Batches a process holds: one in work, and one to go on with while the results of the first travel. */
export const BATCHES_PER_PROCESS = 2;

/** What a process is given at once; the caller may add what it needs to know it again. */
export interface ProcessBatch {
  readonly id: number;
  readonly frames: readonly { readonly reference: FrameReference }[];
}

export interface InferenceProcessOptions<B extends ProcessBatch = Batch> {
  readonly start: StartRequest;
  /** Longest a process may take to load its model and warm up, with each provider that it tries. */
  readonly startTimeoutMs: number;
  /** Longest it may take for one batch. */
  readonly inferenceTimeoutMs: number;
  readonly onReady: (ready: ReadyReply) => void;
  /** A reply to a batch that `run` was given; the process has room for another. */
  readonly onReply: (batch: B, reply: BatchReply) => void;
  /** The process is gone, once and for good, unless `stop` was called. */
  readonly onLost: (loss: Loss<B>) => void;
}

/** The answer to a batch. */
export type BatchReply = Extract<Reply, { kind: 'result' | 'refused' }>;

/** What went down with a process. */
export interface Loss<B extends ProcessBatch = Batch> {
  readonly error: PipelineError;
  /** Execution provider that it was trying, or that it had; undefined where it said itself why it cannot go on. */
  readonly provider: string | undefined;
  /** True before its `ready`. */
  readonly isStarting: boolean;
  /** The batch it was working on. */
  readonly running: B | undefined;
  /** Batches it had, but cannot have begun. */
  readonly notBegun: readonly B[];
}

/**
 * Batches refused in a row after which a process is replaced: a device that was lost, or a CUDA context after a fault, fails all that
 * follow, and only a new process gets a new one.
 */
export const REFUSALS_UNTIL_LOST = 3;

/** One child process with one detector. */
export interface InferenceProcess<B extends ProcessBatch = Batch> {
  readonly pid: number | undefined;
  /** True from its `ready` until it is lost or known to hang. */
  readonly isReady: boolean;
  /** Batches it was given and has not answered. */
  readonly outstanding: number;
  run(batch: B): void;
  /** Ends the process; its batches are forgotten. Resolves when it is gone. */
  stop(): Promise<void>;
}

/** A killed process that the system keeps (stuck in a driver) holds nobody up for longer. */
const STOP_TIMEOUT_MS = 5000;

/**
 * Forks an inference process, of its own process group, so that a terminal's Ctrl-C does not reach it. Throws when the
 * system gives no process.
 */
export function createInferenceProcess<B extends ProcessBatch = Batch>(
  options: InferenceProcessOptions<B>,
): InferenceProcess<B> {
  const child = forkProgram('inference');
  const stderr = createStderrTail(child.stderr);
  const outstanding: B[] = [];
  let state: 'starting' | 'ready' | 'ending' | 'gone' = 'starting';
  let error: PipelineError | undefined;
  let provider: string | undefined;
  let wasReady = false;
  let refusals = 0;
  let isStopping = false;
  let watchdog: NodeJS.Timeout | undefined;
  let resolveGone: () => void;
  const gone = new Promise<void>((resolve) => (resolveGone = resolve));

  /** Nothing is heard from it any more; `onLost` follows when the system has confirmed its end. */
  function condemn(cause: PipelineError): void {
    if (state === 'ending' || state === 'gone') return;
    state = 'ending';
    error = cause;
    clearTimeout(watchdog);
    child.kill('SIGKILL');
  }

  /** Watches the oldest batch, or the start. Fires only after what the channel holds was read: this process may have been stopped itself. */
  function watch(timeoutMs: number, code: 'model' | 'worker_lost', what: string): void {
    clearTimeout(watchdog);
    const watched = outstanding[0];
    watchdog = setTimeout(() => {
      setImmediate(() =>
        setImmediate(() => {
          const isStuck = watched === undefined ? state === 'starting' : outstanding[0] === watched;
          if (isStuck)
            condemn(new PipelineError(code, `${what}: expected within ${timeoutMs} ms, got nothing`));
        }),
      );
    }, timeoutMs);
  }

  function watchStart(): void {
    watch(options.startTimeoutMs, 'model', 'inference process ready');
  }

  function watchOldest(): void {
    clearTimeout(watchdog);
    if (outstanding.length > 0) watch(options.inferenceTimeoutMs, 'worker_lost', 'inference result');
  }

  function hear(message: unknown): void {
    if (state === 'ending' || state === 'gone') return;
    const reply = replySchema.parse(message);
    switch (reply.kind) {
      case 'trying':
        provider = reply.provider;
        // Each has its time: TensorRT may use much of it before it refuses.
        watchStart();
        break;
      case 'ready':
        if (state !== 'starting') throw new Error('expected ready once, got it again');
        state = 'ready';
        wasReady = true;
        provider = reply.provider;
        clearTimeout(watchdog);
        options.onReady(reply);
        break;
      case 'failed':
        provider = undefined;
        condemn(new PipelineError(reply.code, reply.message.replace(`${reply.code}: `, '')));
        break;
      case 'result':
      case 'refused': {
        const batch = outstanding[0];
        if (batch?.id !== reply.id) throw new Error(`expected batch ${batch?.id ?? 'none'}, got ${reply.id}`);
        outstanding.shift();
        watchOldest();
        refusals = reply.kind === 'refused' ? refusals + 1 : 0;
        if (reply.kind === 'refused' && refusals === REFUSALS_UNTIL_LOST) {
          const text = `inference process: expected a result, got ${refusals} refusals in a row, the last`;
          condemn(new PipelineError('worker_lost', `${text} ${reply.message}`));
        }
        options.onReply(batch, reply);
      }
    }
  }

  function send(request: Request): void {
    // An error here means that the channel is closed; the child's end is reported by its own events.
    child.send(request, () => undefined);
  }

  function bury(detail: string): void {
    if (state === 'gone') return;
    error ??=
      state === 'starting'
        ? new PipelineError(
            'model',
            `inference process: expected ready, got its end (${detail})${stderr.sentence()}`,
          )
        : new PipelineError('worker_lost', `inference process: ended (${detail})${stderr.sentence()}`);
    state = 'gone';
    clearTimeout(watchdog);
    child.stdio[4]?.destroy();
    // What it held when it had refused all before is under no suspicion.
    const begun = refusals < REFUSALS_UNTIL_LOST ? 1 : 0;
    const [running] = outstanding.splice(0, begun);
    const notBegun = outstanding.splice(0);
    if (!isStopping) options.onLost({ error, provider, isStarting: !wasReady, running, notBegun });
    resolveGone();
  }

  // Replies sent before the end are read before `disconnect`, but maybe after `exit`.
  let exit: string | undefined;
  child.on('exit', (code, signal) => {
    exit = signal ?? `exit code ${code ?? '?'}`;
    if (!child.connected) bury(exit);
  });
  child.on('disconnect', () => {
    if (exit === undefined) child.kill('SIGKILL');
    else bury(exit);
  });
  child.on('message', (message) => {
    try {
      hear(message);
    } catch (cause) {
      condemn(new PipelineError('worker_lost', `inference process: ${toError(cause).message}`, { cause }));
    }
  });
  child.stdio[4]?.on('error', () => undefined);

  send(options.start);
  watchStart();

  return {
    pid: child.pid,
    get isReady() {
      return state === 'ready';
    },
    get outstanding() {
      return outstanding.length;
    },
    run(batch) {
      outstanding.push(batch);
      send({ kind: 'batch', id: batch.id, frames: batch.frames.map(({ reference }) => reference) });
      if (outstanding.length === 1) watchOldest();
    },
    stop() {
      isStopping = true;
      condemn(new PipelineError('worker_lost', 'inference process: stopped'));
      const timer = setTimeout(() => {
        child.unref();
        resolveGone();
      }, STOP_TIMEOUT_MS);
      return gone.finally(() => clearTimeout(timer));
    },
  };
}

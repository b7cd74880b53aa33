/**
 * The program of an inference process: one detector, fed from a frame ring by the pool that forked it. It lives as long
 * as its parent holds the IPC channel.
 */
import { writeSync } from 'node:fs';
import { toError, toPipelineError } from '../../models/domain/errors';
import { redact } from '../../models/domain/redact';
import { createBatchRunner } from './batch-runner';
import type { BatchRunner } from './batch-runner';
import { guardAgainstOrphanhood } from './parent-guard';
import { GUARD_FD, requestSchema } from './protocol';
import type { Reply } from './protocol';

/** SIGKILL on oneself: `process.exit()` while onnxruntime works aborts with a core dump, and nothing here needs a goodbye. */
function end(): void {
  process.kill(process.pid, 'SIGKILL');
}

function send(reply: Reply): Promise<void> {
  return new Promise((resolve) => {
    if (process.send === undefined || !process.connected) end();
    process.send?.(reply, () => resolve());
  });
}

let runner: BatchRunner | undefined;

async function handle(message: unknown): Promise<void> {
  const request = requestSchema.parse(message);
  if (request.kind === 'batch') {
    if (runner === undefined) throw new Error('inference process: expected start first, got batch');
    await send(await runner.run(request));
    return;
  }
  if (runner !== undefined) throw new Error('inference process: expected batch, got start again');
  try {
    runner = await createBatchRunner(request, (provider) => send({ kind: 'trying', provider }));
  } catch (error) {
    const { code, message: text } = toPipelineError(error, 'model');
    await send({ kind: 'failed', code, message: redact(text) });
    end();
    return;
  }
  await send(runner.ready);
}

function fail(error: unknown): void {
  // To the pipe of stderr, of which the pool shows the tail; a stream would be cut off by the end.
  writeSync(2, `${redact(toError(error).stack ?? '')}\n`);
  end();
}

// A terminal's Ctrl-C and a service manager's SIGTERM can reach every process: the parent drains first and then hangs up.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
process.on('uncaughtException', fail);
process.once('disconnect', end);
if (!process.connected) end();
guardAgainstOrphanhood(GUARD_FD);

let handled = Promise.resolve();
process.on('message', (message) => {
  handled = handled.then(() => handle(message)).catch(fail);
});

import { Worker } from 'node:worker_threads';

/**
 * Runs in a thread of its own. In plain JavaScript, as text: it needs no TypeScript loader, which would take longer to
 * load than all the rest.
 */
const GUARD = `
const { Socket } = require('node:net');
const { workerData } = require('node:worker_threads');
const parent = new Socket({ fd: workerData, readable: true, writable: false });
const end = () => process.kill(process.pid, 'SIGKILL');
parent.on('error', end).on('close', end).resume();
`;

/**
 * Ends this process when its parent is gone, even while `session.run` blocks the main thread: the parent holds the other
 * end of the pipe `fd`, and the system closes it however the parent ends. Without the guard, an inference that hangs in
 * a driver would outlive a parent that was killed, and keep its core or its GPU.
 */
export function guardAgainstOrphanhood(fd: number): void {
  new Worker(GUARD, {
    eval: true,
    execArgv: [],
    workerData: fd,
    resourceLimits: { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 2 },
  }).unref();
}

import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { PipelineError, toError } from '../../models/domain/errors';

/** Name servers that do not answer make a look-up last for tens of seconds. */
const TIMEOUT_MS = 4000;

/** Each holds one of Node's four threads for files and names: others must go on. */
const MAX_LOOKUPS = 2;

let running = 0;
const waiting: (() => void)[] = [];
/** Cameras that try again while a look-up lasts share it: there is one for each name at most. */
const pending = new Map<string, Promise<void>>();

/**
 * Looks a host name up as FFmpeg will. Rejects with a PipelineError `dns` when there is no such name or nobody answers within
 * `timeoutMs` of the look-up's start; addresses resolve at once. Two names are looked up at a time, the others wait; who asks for
 * a name that is being looked up shares the answer.
 */
export function resolveHost(host: string, timeoutMs = TIMEOUT_MS): Promise<void> {
  if (isIP(host.replace(/^\[(.*)\]$/, '$1')) !== 0) return Promise.resolve();
  const known = pending.get(host);
  if (known !== undefined) return known;
  const looking = lookUp(host, timeoutMs).finally(() => pending.delete(host));
  pending.set(host, looking);
  return looking;
}

/** Names that are being looked up or wait for it. */
export function pendingLookUps(): number {
  return pending.size;
}

async function lookUp(host: string, timeoutMs: number): Promise<void> {
  if (running >= MAX_LOOKUPS) await new Promise<void>((resolve) => waiting.push(resolve));
  else running++;
  const looking = lookup(host).finally(() => {
    const next = waiting.shift();
    if (next === undefined) running--;
    else next();
  });
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${timeoutMs / 1000} s`)), timeoutMs);
  });
  try {
    await Promise.race([looking, late]);
  } catch (error) {
    throw new PipelineError('dns', `${host}: expected an address, got ${toError(error).message}`);
  } finally {
    clearTimeout(timer);
  }
}

import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';

/** A new id of this process for others to see, such as `worker-gpu3-1f09-8c1d2e3f`; matches `PROCESS_ID_PATTERN`. */
export function createProcessId(role: 'worker' | 'producer' | 'ingest'): string {
  const host = hostname()
    .toLowerCase()
    .replace(/[^a-z0-9-]/g, '-')
    .slice(0, 24);
  return `${role}-${host}-${process.pid.toString(36)}-${randomBytes(6).toString('hex')}`;
}

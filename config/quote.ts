import { hideCredentials } from '../models/domain/redact';

const LONGEST_SHOWN = 60;

/** Text for a message: short, and without the credentials of a URL however it is malformed. */
export function quote(text: string): string {
  const safe = hideCredentials(text.replace(/^([^/:@]+:\/*).*@/s, '$1***@'));
  return JSON.stringify(safe.length > LONGEST_SHOWN ? `${safe.slice(0, LONGEST_SHOWN)}…` : safe);
}

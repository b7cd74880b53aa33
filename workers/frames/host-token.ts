import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { scratchFolders } from '../../models/support/scratch';

/**
 * Equal for two processes that can open each other's frame rings, by all they can know: the same boot of the same machine, the
 * same user, and the same mount of the folder (two containers have a `/dev/shm` each, with device numbers of their own).
 * 16 hexadecimal digits.
 */
export function hostToken(folders: readonly string[] = scratchFolders()): string {
  const [folder = ''] = folders.filter((path) => deviceOf(path) !== undefined);
  const facts = [bootId(), process.getuid?.() ?? '', folder, deviceOf(folder) ?? ''];
  return createHash('sha256').update(facts.join('\n')).digest('hex').slice(0, 16);
}

function deviceOf(folder: string): string | undefined {
  try {
    const { dev, ino } = statSync(folder);
    return `${dev}:${ino}`;
  } catch {
    return undefined;
  }
}

function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
  } catch {
    // Not Linux: user and folder must do.
    return '';
  }
}

import { systemClock } from '../../models/domain/clock';
import { atMostEvery } from '../../models/support/at-most-every';
import type { BacklogNotices } from './redis-backlog';

/** Something to tell a person, whose work goes on. */
export interface SinkNotice {
  readonly level: 'warn' | 'info';
  readonly message: string;
}

export interface SpoolNoticesOptions {
  /** The server without credentials. */
  readonly name: string;
  readonly folder: string;
  readonly tell: (notice: SinkNotice) => void;
}

/** What the backlogs of one sink tell, once for all of them. */
export interface SpoolNotices extends BacklogNotices {
  readonly adopted: (path: string, count: number, damaged: number) => void;
  readonly notAdopted: (path: string, reason: string) => void;
  /** The place will not do, when it is needed. */
  readonly unusable: (fault: string) => void;
  /** Says how much stays on disk; when all are closed. */
  readonly close: () => void;
}

const REPEAT_MS = 10_000;

/** Makes lines for people of what happens to the spools in one folder. */
export function createSpoolNotices({ name, folder, tell }: SpoolNoticesOptions): SpoolNotices {
  const warn = (message: string) => tell({ level: 'warn', message });
  const failed = atMostEvery(REPEAT_MS, systemClock, (reason: string) =>
    warn(`spool ${folder}: ${reason}; events wait in memory`),
  );
  let active = 0;
  let isFull = false;
  let replayed = 0;
  let damaged = 0;
  let left = 0;

  return {
    kept() {
      active++;
      if (active > 1) return;
      [isFull, replayed, damaged] = [false, 0, 0];
      warn(`${name} takes no events: they wait in ${folder}`);
    },
    replayed(count, lost) {
      replayed += count;
      damaged += lost;
      active--;
      if (active === 0) tell(written(`${name} takes events again: ${countOf(replayed)}`, damaged));
    },
    full() {
      if (!isFull) warn(`spool ${folder}: it is full; events wait in memory, and then cameras do`);
      isFull = true;
    },
    failed,
    left: (count) => void (left += count),
    adopted: (path, count, lost) =>
      tell(written(`${name}: ${countOf(count)} that an earlier process left in ${path}`, lost)),
    notAdopted: (path, reason) => warn(`spool ${path}: it stays where it is (${reason})`),
    unusable: (fault) => warn(`spool ${fault}; while ${name} is away events will wait in memory`),
    close() {
      if (left > 0) warn(`${countOf(left)} not written yet: they stay in ${folder} for the next start`);
      left = 0;
    },
  };
}

function written(what: string, damaged: number): SinkNotice {
  const message = `${what} written from disk`;
  if (damaged === 0) return { level: 'info', message };
  return { level: 'warn', message: `${message}; ${damaged} cut off or damaged` };
}

const countOf = (count: number) => `${count} event${count === 1 ? '' : 's'}`;

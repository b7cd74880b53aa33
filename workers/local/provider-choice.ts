import type { Loss } from './inference-process';

/** Losses of processes on a provider that used to work, without a good batch in between, after which it is given up. */
export const LOSSES_UNTIL_FALLBACK = 3;

/** A provider that is not used, and why, in one line. */
export interface GivenUp {
  readonly provider: string;
  readonly error: string;
}

/**
 * What the processes of a pool are to run the model on: the providers asked for, best first, without those that took
 * processes down with them. A provider that merely refuses is left to each process, which goes on with the next by itself.
 */
export interface ProviderChoice {
  /** For the next process; never empty. */
  readonly providers: readonly string[];
  readonly givenUp: readonly GivenUp[];
  /**
   * Told of each lost process. True when the provider it had is given up, now or before, so that another process may
   * follow at once; false where nothing is left to go on with.
   */
  lost(loss: Pick<Loss, 'provider' | 'isStarting' | 'error'>): boolean;
  /** Told of each batch that was done. */
  worked(provider: string | undefined): void;
}

/**
 * A choice among `wanted`. A provider is given up when a process ends or hangs while it loads the model with it, or, if it
 * ever did a batch, after `LOSSES_UNTIL_FALLBACK` losses without a good batch in between; the last one never is.
 * What was given up stays so until a new pool tries it again, unless all that is left refuses: then what once worked may, too.
 */
export function createProviderChoice(wanted: readonly string[]): ProviderChoice {
  let providers = [...wanted];
  const givenUp: GivenUp[] = [];
  const losses = new Map<string, number>();
  const good = new Set<string>();

  return {
    get providers() {
      return providers;
    },
    givenUp,
    lost({ provider, isStarting, error }) {
      if (provider === undefined) {
        if (isStarting && givenUp.some((one) => good.has(one.provider))) {
          providers = [...wanted];
          givenUp.length = 0;
          losses.clear();
        }
        return false;
      }
      if (!providers.includes(provider)) return providers.length > 0;
      if (providers.at(-1) === provider) return false;
      const count = (losses.get(provider) ?? 0) + 1;
      losses.set(provider, count);
      if (count < LOSSES_UNTIL_FALLBACK && (!isStarting || good.has(provider))) return false;
      // What stood before it was tried by that process, too, and refused.
      providers = providers.filter((name) => name !== provider);
      givenUp.push({ provider, error: error.detail });
      return true;
    },
    worked(provider) {
      if (provider === undefined) return;
      good.add(provider);
      losses.delete(provider);
    },
  };
}

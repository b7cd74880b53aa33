import type { PipelineError } from '../../models/domain/errors';
import { toPipelineError } from '../../models/domain/errors';
import { createShmRing } from '../../workers/frames/shm-ring';
import type { ShmRing } from '../../workers/frames/shm-ring';
import type { FrameReference } from '../../workers/inference/protocol';
import { startModelProcess } from './model-process';
import type { Candidate, ModelProcess, Stretch } from './model-process';
import type { SampleFrame } from './sample-frames';

/** What a candidate came to: its stretches, in the order of the rounds, or why it could not be measured. */
export type Measured =
  | {
      readonly candidate: Candidate;
      readonly stretches: readonly Stretch[];
      readonly memoryBytes: number | undefined;
      readonly runtime: string;
    }
  | { readonly candidate: Candidate; readonly unavailable: PipelineError };

export interface CompareOptions {
  readonly candidates: readonly Candidate[];
  /** Frames at the size of a candidate's model. */
  readonly framesFor: (candidate: Candidate) => readonly SampleFrame[];
  readonly rounds: number;
  /** Measuring time of each candidate in each round. */
  readonly stretchMs: number;
  /** Ends the measuring; what was begun is finished. */
  readonly signal: AbortSignal;
  /** A process has started or a stretch is over: `(rounds + 1) * candidates.length` times, unless something fails. */
  readonly onStep: () => void;
}

interface Entrant {
  readonly candidate: Candidate;
  readonly process: ModelProcess;
  readonly stretches: Stretch[];
  failure?: PipelineError;
}

/**
 * Measures candidates in turn, round by round, so that what else the machine does meets all of them: each in a process of its own,
 * and one process at work at a time. A process that cannot start, or fails, costs its own row. Ends all processes.
 */
export async function compare(options: CompareOptions): Promise<readonly Measured[]> {
  const { candidates, framesFor, rounds, stretchMs, signal, onStep } = options;
  const places = new Map<readonly SampleFrame[], { ring: ShmRing; references: readonly FrameReference[] }>();
  const entrants = new Map<Candidate, Entrant | PipelineError>();
  const isStopped = () => signal.aborted;
  try {
    for (const candidate of candidates) {
      if (isStopped()) break;
      const frames = framesFor(candidate);
      const place = places.get(frames) ?? placeFrames(frames);
      places.set(frames, place);
      entrants.set(candidate, await enter(candidate, place, signal));
      onStep();
    }
    const running = [...entrants.values()].filter(isEntrant);
    for (let round = 0; round < rounds && !isStopped(); round++) {
      for (const entrant of running) {
        if (isStopped()) break;
        await measureOnce(entrant, stretchMs, signal);
        onStep();
      }
    }
    return [...entrants].map(([candidate, entrant]) => resultOf(candidate, entrant));
  } finally {
    await Promise.all([...entrants.values()].filter(isEntrant).map(({ process }) => process.stop()));
    for (const { ring } of places.values()) ring.close();
  }
}

function isEntrant(entrant: Entrant | PipelineError): entrant is Entrant {
  return 'process' in entrant;
}

function placeFrames(frames: readonly SampleFrame[]): {
  readonly ring: ShmRing;
  readonly references: readonly FrameReference[];
} {
  const ring = createShmRing({ slots: frames.length, frameBytes: frames[0]!.pixels.length });
  return {
    ring,
    references: frames.map(({ pixels, source: { width, height } }, slot) => ({
      ...ring.write(slot, pixels),
      source: { width, height },
    })),
  };
}

/** Starts a process and has it detect once, beside what the detector itself does to warm up. */
async function enter(
  candidate: Candidate,
  { ring, references }: ReturnType<typeof placeFrames>,
  signal: AbortSignal,
): Promise<Entrant | PipelineError> {
  try {
    const process = await startModelProcess({ candidate, ring, frames: references, signal });
    const entrant: Entrant = { candidate, process, stretches: [] };
    await measureOnce(entrant, 0, signal);
    entrant.stretches.length = 0;
    return entrant;
  } catch (error) {
    return toPipelineError(error, 'model');
  }
}

async function measureOnce(entrant: Entrant, durationMs: number, signal: AbortSignal): Promise<void> {
  if (entrant.failure !== undefined) return;
  try {
    entrant.stretches.push(await entrant.process.measure(durationMs, signal));
  } catch (error) {
    entrant.failure = toPipelineError(error, 'inference');
  }
}

function resultOf(candidate: Candidate, entrant: Entrant | PipelineError): Measured {
  if (!isEntrant(entrant)) return { candidate, unavailable: entrant };
  const { failure, stretches, process } = entrant;
  if (failure !== undefined) return { candidate, unavailable: failure };
  return { candidate, stretches, memoryBytes: process.memoryBytes(), runtime: process.runtime };
}

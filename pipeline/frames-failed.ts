import { PipelineError } from '../models/domain/errors';
import type { LedgerEntry } from '../models/domain/ledger';

/** An analysis in which not one frame could be looked at is no analysis. */
export function allFramesFailed({ failed, detected }: LedgerEntry): PipelineError | undefined {
  const [code] = Object.keys(failed);
  if (code === undefined || detected > 0) return undefined;
  return new PipelineError('worker_lost', 'expected detections, but every frame failed in the detector');
}

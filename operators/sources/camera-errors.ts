import { PipelineError } from '../../models/domain/errors';

/** What is said when a camera falls silent and FFmpeg is the first to notice. */
export function silence(): PipelineError {
  return new PipelineError('timeout', 'expected pictures, got none in time');
}

/** A recording has no now: it would be raced through and begun anew for ever. */
export function recording(): PipelineError {
  return new PipelineError(
    'ended',
    'expected a live stream, got a recording: a stream that has ended, or a file, which is analysed once it is downloaded',
  );
}

import { defer } from 'rxjs';
import type { Observable } from 'rxjs';
import type { DecoderNote } from './decoder-notes';
import { explainTransport } from './explain-transport';
import { ffmpegFrames, isDecodedFrame } from './ffmpeg-frames';
import type { DecodedFrame, FfmpegFramesOptions } from './ffmpeg-frames';
import { pictureRuns } from './picture-runs';

export interface DecodeInputOptions extends FfmpegFramesOptions {
  /** Folders: pictures a second of stream time. Default 10. */
  readonly folderFps?: number;
}

/** The pictures of an input of any kind, once from its beginning (a recording) or from now (a camera); as `ffmpegFrames`. */
export function decodeInput({
  folderFps = 10,
  ...options
}: DecodeInputOptions): Observable<DecodedFrame | DecoderNote> {
  const { request, onDamage } = options;
  if (request.kind !== 'folder')
    return ffmpegFrames(options).pipe(explainTransport({ request, isPicture: isDecodedFrame }));
  return defer(() => {
    let isDamaged = false;
    const onSkipped = (detail: string) => {
      if (!isDamaged) onDamage?.(detail);
      isDamaged = true;
    };
    return pictureRuns({
      folder: request.location,
      fps: folderFps,
      onSkipped,
      decode: (pictures) =>
        ffmpegFrames({ ...options, request: { ...request, pictures }, onDamage: onSkipped }),
    });
  });
}

import { Subject } from 'rxjs';
import { defineConfig } from '../../config/define-config';
import type { Detection } from '../../models/domain/detection';
import { PipelineError } from '../../models/domain/errors';
import { fitInside } from '../../models/domain/geometry';
import type { Size } from '../../models/domain/geometry';
import type { Manifest } from '../../models/efficientvit/manifest';
import { detectInput } from '../detect-input';
import { startDetector } from '../detector';
import type { Input } from '../inputs';
import type { Telemetry } from '../telemetry';

/** What a model found in a picture. */
export interface TriedModel {
  readonly source: Size;
  /** From the model's floor on, best first. */
  readonly detections: readonly Detection[];
}

/** What comes behind the first picture would only be refused for the same reason. */
const FIRST_ALONE_FPS = 0.001;

/** So many boxes that all lie within so few pixels of the model's input are no boxes in pixels. */
const FEWEST_BOXES = 3;
const CORNER_PX = 2;

/**
 * Runs a model on a picture, or the first of a video, as `sightline detect` would. Rejects with a PipelineError: when model or
 * picture cannot be used, or when what comes out cannot be meant (boxes in fractions of the input; scores above 1, of which a
 * warning tells).
 */
export async function tryModel(
  manifest: Manifest,
  picture: Input,
  telemetry: Telemetry,
  signal: AbortSignal,
): Promise<TriedModel> {
  const { config } = defineConfig({
    model: { processes: 1, maxBatch: 1, providers: ['cpu'] },
    cameras: { input: { url: 'input' } },
  });
  const port = await startDetector(config.model, manifest, telemetry, signal);
  const stop = new Subject<void>();
  let tried: TriedModel | undefined;
  try {
    await detectInput(
      picture,
      { port, signal, stop, inFlight: 2, maxFps: FIRST_ALONE_FPS, minScore: 0, onDamage: () => undefined },
      (observation) => {
        if (tried === undefined && 'detections' in observation) {
          tried = { source: observation.frame.source, detections: observation.detections };
        }
        stop.next();
      },
    );
  } finally {
    await port.close();
  }
  if (tried === undefined)
    throw new PipelineError(
      'ended',
      `${picture.displayName}: expected a picture, got none that was looked at`,
    );
  checkSense(manifest, tried);
  return tried;
}

function checkSense({ file, input }: Manifest, { source, detections }: TriedModel): void {
  const { width } = fitInside(source, input);
  const most = CORNER_PX * (source.width / width);
  if (detections.length >= FEWEST_BOXES && detections.every(({ box }) => Math.max(...box) <= most)) {
    throw new PipelineError(
      'model',
      `${file}: expected boxes in pixels of the input, got ${detections.length} within ${CORNER_PX} pixels of its corner: ` +
        'they are fractions, it seems; export it with boxes in pixels',
    );
  }
}

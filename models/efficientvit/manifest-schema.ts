import { z } from 'zod';
import { inputAgreements, inputSchema } from './manifest-input';
import { LAYOUTS, outputAgreements, outputSchemas } from './manifest-outputs';

const name = z.string().min(1);
const count = z.int().positive();
const fraction = z.number().min(0).max(1);
/** Their indices are kept in 16 bits. */
const MOST_LABELS = 2 ** 16;

const thresholdsSchema = z.strictObject({
  score: fraction.describe('Score from which a detection counts, unless a camera says otherwise.'),
  floor: z.number().gt(0).max(1).default(0.05).describe('Lowest score that leaves the detector.'),
  nmsIou: fraction.describe('Of two boxes of one label that overlap by more than this, the better stays.'),
  maxDetections: count.describe('Most detections of one frame.'),
});

const afterFrames = z
  .int()
  .nonnegative()
  .describe('Frames answered rightly before the fault; the warm-up does not count.');

const provider = z.string().optional().describe('Only while the model runs on this provider.');

/**
 * For tests only: what an inference process does to the batch that holds frame number `afterFrames + 1` and, where it
 * lives on, to all after it. A process started anew counts anew.
 */
const faultSchema = z.discriminatedUnion('kind', [
  z
    .strictObject({
      kind: z.literal('crash'),
      afterFrames,
      firstByte: z
        .int()
        .min(0)
        .max(255)
        .optional()
        .describe('Only a batch that holds a frame which begins with this byte.'),
      provider,
    })
    .describe('Aborts the process, as a fault in native code does.'),
  z
    .strictObject({ kind: z.literal('refuse'), afterFrames, provider })
    .describe('Fails the batch, as every one after a device was lost.'),
  z
    .strictObject({ kind: z.literal('hang'), afterFrames })
    .describe('Blocks the thread for ever, using no CPU.'),
  z
    .strictObject({
      kind: z.literal('delay'),
      afterFrames,
      untilFrames: z.int().positive().optional().describe('Frames after which the wait is over for good.'),
      delayMs: z.number().nonnegative().describe('Wait of each batch in milliseconds, using no CPU.'),
      runsModel: z
        .boolean()
        .default(true)
        .describe(
          'False: answers no detections in place of running the model, so that a batch costs its wait alone.',
        ),
    })
    .describe('Waits as for a busy device.'),
  z
    .strictObject({
      kind: z.literal('load'),
      provider: z.string(),
      by: z.enum(['error', 'crash', 'hang']),
    })
    .describe('When the provider is about to load the model, as drivers that are broken do.'),
]);

const facts = {
  schemaVersion: z.literal(1),
  name: z.string().regex(/^[a-z0-9][a-z0-9._-]{0,62}$/),
  file: z.string().min(1).describe("Weights, relative to the manifest's folder; absolute once loaded."),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  architecture: z.record(z.string(), z.union([z.string(), z.number()])),
  input: inputSchema,
  labels: z.array(name).min(1).max(MOST_LABELS),
  accuracy: z.record(
    z.string(),
    z.strictObject({ set: z.string(), ap: z.number(), ap50: z.number(), personAp50: z.number().optional() }),
  ),
  origin: z.record(z.string(), z.string()),
  license: z.string().min(1),
  fault: faultSchema.optional(),
};

const { sightline, yolov5, yolov8, end2end } = outputSchemas;
const layout = <L extends keyof typeof outputSchemas>(is: L) =>
  z.literal(is).describe('How outputs are to be read.');
const suppressed = { thresholds: thresholdsSchema };

const shape = z.discriminatedUnion(
  'layout',
  [
    z.strictObject({ ...facts, layout: layout('sightline'), outputs: sightline, ...suppressed }),
    z.strictObject({ ...facts, layout: layout('yolov5'), outputs: yolov5, ...suppressed }),
    z.strictObject({ ...facts, layout: layout('yolov8'), outputs: yolov8, ...suppressed }),
    z.strictObject({
      ...facts,
      layout: layout('end2end'),
      outputs: end2end,
      thresholds: thresholdsSchema.omit({ nmsIou: true }),
    }),
  ],
  { error: `expected one of ${LAYOUTS.join(', ')}` },
);

/** Facts stated twice must agree, each fault with both values. */
function agreements(manifest: z.infer<typeof shape>) {
  const { input, labels, thresholds } = manifest;
  const seen = new Set<string>();
  const repeated = labels.find((label) => seen.size === seen.add(label).size);
  return [...inputAgreements(input), ...outputAgreements(manifest, input.shape[0], labels.length)]
    .map(({ path, expected, got }) => ({ path, expected, got, isRight: expected.split(' ')[0] === got }))
    .concat(
      {
        path: 'labels',
        expected: 'each once',
        got: `${repeated ?? ''} twice`,
        isRight: repeated === undefined,
      },
      {
        path: 'thresholds.floor',
        expected: `at most ${thresholds.score} (score)`,
        got: `${thresholds.floor}`,
        isRight: thresholds.floor <= thresholds.score,
      },
    )
    .filter(({ isRight }) => !isRight);
}

/** What a `*.manifest.json` beside the weights says: all that makes them usable. Strict: unknown keys are faults. */
export const manifestSchema = shape.superRefine((manifest, context) => {
  for (const { path, expected, got } of agreements(manifest)) {
    context.addIssue({ code: 'custom', path: path.split('.'), message: `expected ${expected}, got ${got}` });
  }
});

/** A checked manifest. */
export type Manifest = z.infer<typeof manifestSchema>;

/** A fault that a test asks for. */
export type Fault = NonNullable<Manifest['fault']>;

import { z } from 'zod';

const name = z.string().min(1);
const count = z.int().positive();
const fraction = z.number().min(0).max(1);
const batch = z.literal('batch').describe('The first dimension is free: the number of frames.');

const inputSchema = z.strictObject({
  name,
  type: z.literal('uint8'),
  shape: z
    .tuple([batch, count, count])
    .describe('Batch, height * 3 / 2, width: the planes of I420 below each other.'),
  width: count.multipleOf(2).describe('Pixels; even, since I420 halves its chroma planes.'),
  height: count.multipleOf(2),
  pixelFormat: z.literal('i420'),
  colorMatrix: z.literal('bt601'),
  range: z.literal('limited'),
  resize: z.string().describe('For people: how a picture is fitted into the input.'),
  padValue: z.strictObject({
    y: z.int().min(0).max(255),
    u: z.int().min(0).max(255),
    v: z.int().min(0).max(255),
  }),
});

function outputSchema<T extends z.ZodType<number>>(last: T) {
  return z.strictObject({
    name,
    type: z.literal('float32'),
    shape: z.tuple([batch, count, last]),
    format: z.string().describe('For people: what the numbers mean.'),
  });
}

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
      provider: z.string().optional().describe('Only while the model runs on this provider.'),
    })
    .describe('Aborts the process, as a fault in native code does.'),
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

const shape = z.strictObject({
  schemaVersion: z.literal(1),
  name: z.string().regex(/^[a-z0-9][a-z0-9._-]{0,62}$/),
  file: z.string().min(1).describe("Weights, relative to the manifest's folder; absolute once loaded."),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  layout: z.enum(['sightline']).describe('How inputs and outputs are to be read.'),
  architecture: z.record(z.string(), z.union([z.string(), z.number()])),
  input: inputSchema,
  outputs: z.strictObject({ boxes: outputSchema(z.literal(4)), scores: outputSchema(count) }),
  labels: z.array(name).min(1),
  thresholds: thresholdsSchema,
  accuracy: z.record(
    z.string(),
    z.strictObject({ set: z.string(), ap: z.number(), ap50: z.number(), personAp50: z.number().optional() }),
  ),
  origin: z.record(z.string(), z.string()),
  license: z.string().min(1),
  fault: faultSchema.optional(),
});

/** Facts stated twice must agree, each fault with both values. */
function agreements({ input, outputs, labels, thresholds }: z.infer<typeof shape>) {
  const { boxes, scores } = outputs;
  const repeated = labels.find((label, index) => labels.indexOf(label) !== index);
  return [
    {
      path: 'input.shape[1]',
      expected: `${(input.height * 3) / 2} (height * 3 / 2)`,
      got: `${input.shape[1]}`,
    },
    { path: 'input.shape[2]', expected: `${input.width} (width)`, got: `${input.shape[2]}` },
    { path: 'outputs.scores.shape[1]', expected: `${boxes.shape[1]} (as boxes)`, got: `${scores.shape[1]}` },
    { path: 'labels', expected: `${scores.shape[2]} (outputs.scores.shape)`, got: `${labels.length}` },
  ]
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

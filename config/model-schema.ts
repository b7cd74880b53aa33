import { z } from 'zod';
import { EXPECTED_PROVIDER, PROVIDERS, PROVIDER_WITH_DEVICE } from '../models/efficientvit/providers';

/** The network and what runs it. */
export const modelSchema = z.strictObject({
  name: z
    .string()
    .min(1)
    .default('efficientvit-b0-416x256')
    .describe('A bundled model, or the path of a manifest (`./my-model.manifest.json`).'),
  providers: z
    .array(
      z
        .union([z.enum(PROVIDERS), z.string().regex(PROVIDER_WITH_DEVICE)])
        .meta({ expected: EXPECTED_PROVIDER }),
    )
    .min(1)
    .default(['cpu'])
    .describe(
      'What to run the model on: the first of these that works. `cuda:1`, `tensorrt:1` and `dml:1` mean the second GPU.',
    ),
  processes: z
    .union([z.literal('auto'), z.int().min(1).max(256)])
    .default('auto')
    .describe('Inference processes. `auto`: one for each core this process may use.'),
  maxBatch: z.int().min(1).max(64).default(4).describe('Frames given to the model at once, at most.'),
  intraOpThreads: z
    .int()
    .min(1)
    .max(256)
    .default(1)
    .describe(
      'Threads within one inference process. More than 1 pays only where there are fewer processes than cores.',
    ),
  inferenceTimeoutMs: z
    .number()
    .min(100)
    .max(600_000)
    .default(10_000)
    .describe('An inference process that takes longer for a batch is replaced.'),
  startTimeoutMs: z
    .number()
    .min(1000)
    .max(3_600_000)
    .default(120_000)
    .describe(
      'A provider that takes longer to load the model is given up for the next. `tensorrt` builds its engines meanwhile, at every start.',
    ),
});

import { z } from 'zod';

const HOUR_MS = 3_600_000;

/** When a camera's frames are left out because nothing moves in them. */
export const motionSchema = z.strictObject({
  minContrast: z
    .number()
    .min(1)
    .max(128)
    .default(8)
    .describe(
      'Steps of brightness (of 219 from black to white) that make a change, at least; where the picture is noisy, more are needed. Less: objects that hardly stand out are seen, and shadows.',
    ),
  minAreaFraction: z
    .number()
    .positive()
    .max(0.5)
    .default(0.001)
    .describe('Part of the picture that has to change at once, at least.'),
  holdMs: z
    .number()
    .min(0)
    .max(HOUR_MS)
    .default(2000)
    .describe('Every frame is looked at for so long after the last motion (stream time).'),
  everyMs: z
    .number()
    .positive()
    .max(HOUR_MS)
    .default(5000)
    .describe('Without motion a frame is looked at so often (stream time).'),
});

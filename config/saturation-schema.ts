import { z } from 'zod';

/** What live cameras do while there is lastingly no time for all their frames. */
export const saturationSchema = z.strictObject({
  enabled: z
    .boolean()
    .default(true)
    .describe('Look at fewer frames of live cameras while there is lastingly no time for all of them.'),
  leftOutPercent: z
    .number()
    .min(1)
    .max(100)
    .default(20)
    .describe('There is no time when more than this share of the frames to look at is left out.'),
  lowerAfterMs: z
    .number()
    .min(1000)
    .max(3_600_000)
    .default(15_000)
    .describe('How long that must last before each step down.'),
  raiseAfterMs: z
    .number()
    .min(1000)
    .max(86_400_000)
    .default(60_000)
    .describe(
      'How long next to nothing must have been left out before each step back. More after a step back that was too much.',
    ),
  minFps: z
    .number()
    .positive()
    .max(240)
    .default(1)
    .describe('Frames a second of each camera that are looked at in any case, unless it is paused.'),
  pause: z
    .boolean()
    .default(true)
    .describe('When lower rates are not enough, pause cameras one after the other, but never the last one.'),
});

import { z } from 'zod';

const tensor = z.object({
  name: z.string(),
  type: z.string(),
  shape: z.array(z.union([z.number(), z.string()])),
});

/** What is asked of an inspecting process: `open` first and once, then any number of runs on zeros. */
export const questionSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('open'), path: z.string() }),
  z.strictObject({ kind: z.literal('try'), input: tensor }),
]);

/** What it answers, once to each question. */
export const answerSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('opened'),
    sha256: z.string(),
    bytes: z.int().positive(),
    facts: z.strictObject({
      metadata: z.record(z.string(), z.string()),
      producer: z.string(),
      hasExternalData: z.boolean(),
    }),
    signature: z.strictObject({ inputs: z.array(tensor), outputs: z.array(tensor) }),
  }),
  z.strictObject({ kind: z.literal('tried'), outputs: z.array(tensor) }),
  z.strictObject({ kind: z.literal('failed'), message: z.string() }),
]);

export type Question = z.infer<typeof questionSchema>;
export type Answer = z.infer<typeof answerSchema>;

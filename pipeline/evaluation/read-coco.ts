import { readFile } from 'node:fs/promises';
import { posix, win32 } from 'node:path';
import { z } from 'zod';
import { formatPath } from '../../config/config-error';
import type { ConfigPath } from '../../config/config-error';
import { PipelineError, toError } from '../../models/domain/errors';

/** A name that leads out of the folder of pictures, wherever that is, is refused. */
function isWithin(name: string): boolean {
  const isAbsolute = posix.isAbsolute(name) || win32.isAbsolute(name) || /^[a-z]:/i.test(name);
  return !isAbsolute && !name.includes('\0') && !name.split(/[\\/]/).includes('..');
}

const id = z.int();
const side = z.int().positive();

const picture = z.object({
  id,
  file_name: z.string().min(1).refine(isWithin, { error: 'expected a path within the folder of pictures' }),
  width: side.optional(),
  height: side.optional(),
});

const annotation = z.object({
  id: id.optional(),
  image_id: id,
  category_id: id,
  bbox: z.tuple([z.number(), z.number(), z.number(), z.number()]),
  area: z.number().optional(),
  iscrowd: z.union([z.int(), z.boolean()]).optional(),
});

const category = z.object({ id, name: z.string().min(1) });

const fileSchema = z.object({
  images: z.array(picture).min(1),
  annotations: z.array(annotation),
  categories: z.array(category).min(1),
});

/** A picture of a COCO file. */
export type CocoPicture = z.infer<typeof picture>;
/** An object of a COCO file; `bbox` is x, y, width, height. */
export type CocoAnnotation = z.infer<typeof annotation>;
/** A kind of object of a COCO file. */
export type CocoCategory = z.infer<typeof category>;

/** What is read of a COCO file (`instances_*.json`): pictures and categories by their ids, as pycocotools ranks them. */
export interface CocoFile {
  readonly pictures: readonly CocoPicture[];
  readonly annotations: readonly CocoAnnotation[];
  readonly categories: readonly CocoCategory[];
}

const MOST_FAULTS_SHOWN = 5;

/**
 * Reads a file of objects in COCO's format. Rejects with PipelineError `not_found` when it cannot be read, `corrupt` when it is
 * not such a file, with the first faults and their places: a key that is missing or wrong, an id that comes twice, a picture that
 * would lie outside of the folder of pictures.
 */
export async function readCoco(path: string): Promise<CocoFile> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new PipelineError('not_found', `${path}: expected a file, got ${toError(cause).message}`, {
      cause,
    });
  });
  const parsed = fileSchema.safeParse(parseJson(path, text), { reportInput: true });
  if (!parsed.success) throw corrupt(path, parsed.error.issues.map(describeIssue));
  const { images, annotations, categories } = parsed.data;
  const repeated = [
    ...repeatedIds('images', images),
    ...repeatedIds('annotations', annotations),
    ...repeatedIds('categories', categories),
  ];
  if (repeated.length > 0) throw corrupt(path, repeated);
  const byId = (a: { readonly id: number }, b: { readonly id: number }) => a.id - b.id;
  return { pictures: images.sort(byId), annotations, categories: categories.sort(byId) };
}

function parseJson(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new PipelineError('corrupt', `${path}: expected COCO's JSON, got ${toError(cause).message}`, {
      cause,
    });
  }
}

function corrupt(path: string, faults: readonly string[]): PipelineError {
  const more = faults.length - MOST_FAULTS_SHOWN;
  const shown = faults.slice(0, MOST_FAULTS_SHOWN).join('; ');
  return new PipelineError('corrupt', `${path}: ${shown}${more > 0 ? `; and ${more} more` : ''}`);
}

const KINDS: Readonly<Record<string, string>> = {
  array: 'a list',
  tuple: '4 numbers',
  object: 'an object',
  number: 'a number',
  int: 'a whole number',
  string: 'a text',
};

function describeIssue(issue: z.core.$ZodIssue): string {
  const place = issue.path.length === 0 ? 'the file' : formatPath(issue.path as ConfigPath);
  return `${place}: ${expectationOf(issue)}, got ${describeValue(issue.input)}`;
}

function expectationOf(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_type') return `expected ${KINDS[issue.expected] ?? issue.expected}`;
  if (issue.code === 'too_small')
    return issue.minimum === 0 ? 'expected more than 0' : `expected at least ${issue.minimum}`;
  return issue.code === 'custom' ? issue.message : 'expected another value';
}

function describeValue(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (Array.isArray(value)) return `${value.length} values`;
  if (typeof value === 'object' && value !== null) return 'an object';
  return JSON.stringify(value).slice(0, 100);
}

function repeatedIds(
  list: string,
  items: readonly { readonly id?: number | undefined }[],
): readonly string[] {
  const seen = new Set<number>();
  return items.flatMap((item, index) => {
    if (item.id === undefined) return [];
    if (seen.has(item.id)) return [`${list}[${index}].id: expected each once, got ${item.id} again`];
    seen.add(item.id);
    return [];
  });
}

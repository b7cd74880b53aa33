import { parse } from 'yaml';
import { z } from 'zod';
import type { Size } from '../domain/geometry';

/** What YOLO exporters write into `metadata_props`; what is missing or cannot be read is left out. */
export interface ExportMetadata {
  readonly labels?: readonly string[];
  readonly size?: Size;
  /** `detect` for a detector. */
  readonly task?: string;
  readonly license?: string;
  readonly description?: string;
}

/** Real ones have some ten thousand; as YAML, more would keep the process busy for minutes. */
const MOST_CHARACTERS = 256 * 1024;

const names = z.union([z.array(z.string()).min(1), z.record(z.coerce.number().int().min(0), z.string())]);
const sides = z.union([
  z.tuple([z.int().positive(), z.int().positive()]),
  z
    .int()
    .positive()
    .transform((side): [number, number] => [side, side]),
]);

/**
 * Reads the metadata of Ultralytics' and YOLOv5's exports: values are Python's `str()` of what they were, which for lists and
 * dicts of plain texts is YAML (`{0: 'person', 1: "driver's cab"}`); `imgsz` is height, then width.
 */
export function readExportMetadata(metadata: Readonly<Record<string, string>>): ExportMetadata {
  const labels = labelsOf(read(metadata['names']));
  const imgsz = sides.safeParse(read(metadata['imgsz']));
  const { task, license, description } = metadata;
  return {
    ...(labels !== undefined && { labels }),
    ...(imgsz.success && { size: { height: imgsz.data[0], width: imgsz.data[1] } }),
    ...(task !== undefined && { task }),
    ...(license !== undefined && { license }),
    ...(description !== undefined && { description }),
  };
}

function read(text: string | undefined): unknown {
  if (text === undefined || text.length > MOST_CHARACTERS) return undefined;
  try {
    return parse(text);
  } catch {
    // Written by another program in a form of its own: as good as not there.
    return undefined;
  }
}

/** A list, or a dict of indices from 0 on without a gap. */
function labelsOf(value: unknown): readonly string[] | undefined {
  const { data } = names.safeParse(value);
  if (data === undefined || Array.isArray(data)) return data;
  const labels = Object.values(data);
  return labels.length > 0 && Object.keys(data).every((key, index) => Number(key) === index)
    ? labels
    : undefined;
}

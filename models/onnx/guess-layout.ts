import type { Size } from '../domain/geometry';
import type { LayoutName } from '../efficientvit/manifest-outputs';
import type { TensorInfo } from '../efficientvit/signature';

/** Outputs read as one layout. */
export interface GuessedLayout {
  readonly layout: LayoutName;
  /** Number of labels; undefined where the outputs do not tell. */
  readonly classes: number | undefined;
  /** Boxes a frame. */
  readonly anchors: number;
  /** The outputs by the role that the manifest gives each. */
  readonly roles: Readonly<Record<string, TensorInfo>>;
}

/** Most boxes that graphs with suppression in them are exported with: 300 is usual. */
const MOST_END2END = 1000;

/** All ways to read the outputs of a run on one frame (all dimensions known), given the number of labels where it is known. */
export function fittingLayouts(
  outputs: readonly TensorInfo[],
  labels: number | undefined,
): readonly GuessedLayout[] {
  return [...readTwo(outputs), ...readOne(outputs)].filter(
    ({ classes }) => labels === undefined || classes === undefined || classes === labels,
  );
}

/**
 * Of several ways those whose boxes are as many as a picture of that size has cells: YOLOv8 has one box in each cell of strides
 * 8, 16 and 32 (and 64), YOLOv5 three, and a graph that suppresses by itself gives few. All, where that decides nothing.
 */
export function usualLayouts(fitting: readonly GuessedLayout[], size: Size): readonly GuessedLayout[] {
  const usual = fitting.filter((guess) => isUsual(guess, size));
  return usual.length > 0 ? usual : fitting;
}

function readTwo(outputs: readonly TensorInfo[]): GuessedLayout[] {
  if (outputs.length !== 2) return [];
  const ways = [outputs, [...outputs].reverse()].flatMap(([boxes, scores]): GuessedLayout[] => {
    const [, anchors, four] = boxes!.shape.map(Number);
    const [, others, classes] = scores!.shape.map(Number);
    const isSo = boxes!.shape.length === 3 && scores!.shape.length === 3 && four === 4 && anchors === others;
    if (!isSo || boxes!.type !== 'float32' || scores!.type !== 'float32') return [];
    const roles = { boxes: boxes!, scores: scores! };
    return [{ layout: 'sightline', classes: classes!, anchors: anchors!, roles }];
  });
  // Of four labels the scores look like boxes: only their names tell.
  const named = ways.filter(({ roles }) => /box/i.test(roles['boxes']!.name));
  return (named.length > 0 ? named : ways).slice(0, 1);
}

function readOne(outputs: readonly TensorInfo[]): GuessedLayout[] {
  const [detections] = outputs;
  if (detections === undefined || outputs.length > 1 || detections.shape.length !== 3) return [];
  if (detections.type !== 'float32' && detections.type !== 'float16') return [];
  const [, rows, columns] = detections.shape.map(Number) as [number, number, number];
  const roles = { detections };
  const found: GuessedLayout[] = [];
  if (columns >= 6 && rows > columns)
    found.push({ layout: 'yolov5', classes: columns - 5, anchors: rows, roles });
  if (rows >= 5 && columns > rows)
    found.push({ layout: 'yolov8', classes: rows - 4, anchors: columns, roles });
  if (columns === 6) found.push({ layout: 'end2end', classes: undefined, anchors: rows, roles });
  return found;
}

function isUsual({ layout, anchors }: GuessedLayout, size: Size): boolean {
  const cells = (strides: readonly number[]) =>
    strides.reduce((sum, s) => sum + Math.ceil(size.width / s) * Math.ceil(size.height / s), 0);
  const usual = [cells([8, 16, 32]), cells([8, 16, 32, 64])];
  if (layout === 'yolov5') return usual.some((count) => anchors === 3 * count || anchors === count);
  if (layout === 'yolov8') return usual.includes(anchors);
  const isGrid = usual.some((count) => anchors === count || anchors === 3 * count);
  return layout === 'sightline' || (anchors <= MOST_END2END && !isGrid);
}

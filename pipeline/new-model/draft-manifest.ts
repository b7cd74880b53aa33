import { basename } from 'node:path';
import { PipelineError } from '../../models/domain/errors';
import type { Size } from '../../models/domain/geometry';
import { manifestSchema } from '../../models/efficientvit/manifest';
import type { Manifest } from '../../models/efficientvit/manifest';
import { LAYOUTS } from '../../models/efficientvit/manifest-outputs';
import { describeTensors } from '../../models/efficientvit/signature';
import type { TensorInfo } from '../../models/efficientvit/signature';
import { readExportMetadata } from '../../models/onnx/export-metadata';
import type { ExportMetadata } from '../../models/onnx/export-metadata';
import { guessInput, inputShape } from '../../models/onnx/guess-input';
import type { GuessedInput } from '../../models/onnx/guess-input';
import { fittingLayouts, usualLayouts } from '../../models/onnx/guess-layout';
import type { GuessedLayout } from '../../models/onnx/guess-layout';
import type { Inspection } from '../../workers/inspect/inspect-graph';
import { UsageError } from '../cli/usage';
import type { Questions, Wishes } from './wishes';

/** A manifest that was made of a graph, and what it was made of. */
export interface DraftedModel {
  /** `file` is the path of the weights as it was given. */
  readonly manifest: Manifest;
  readonly inputs: readonly TensorInfo[];
  /** With all dimensions, as one run gave them. */
  readonly outputs: readonly TensorInfo[];
}

const FORMATS = {
  sightline: { boxes: 'xyxy, input pixels', scores: 'probability per label' },
  yolov5: { detections: 'centre, size in input pixels, objectness, probability per label' },
  yolov8: { detections: 'rows of centre, size in input pixels, probability per label' },
  end2end: { detections: 'xyxy in input pixels, score, index of label' },
} as const;

/**
 * Makes the manifest of a graph: by what the graph says of itself, by what its exporter wrote into it, by what is wished, and by
 * questions. Rejects with PipelineError `model` for a graph that is no detector of a known form, and with a UsageError when
 * something is not known and cannot be asked for, or is wished against what the graph is.
 */
export async function draftManifest(
  path: string,
  graph: Inspection,
  wishes: Wishes,
  questions: Questions,
): Promise<DraftedModel> {
  const refuse = (what: string) => new PipelineError('model', `${path}: ${what}`);
  const metadata = readExportMetadata(graph.facts.metadata);
  if (metadata.task !== undefined && metadata.task !== 'detect')
    throw refuse(`expected a detector, got a model for the task ${JSON.stringify(metadata.task)}`);
  const { inputs } = graph.signature;
  const input = prefixed(path, () => guessInput(inputs));
  checkFormat(input, wishes, inputs);
  const told = { ...metadata, ...wishes };
  const knownSize = sizeOf(input, metadata, wishes, inputs);
  if (knownSize === undefined) demand(questions, { ...told, size: undefined });

  const size = knownSize ?? (await questions.size());
  const { batch, outputs } = await tryBatches(graph, input, size);
  const layouts = layoutsOf({ outputs, size, wishes, labels: told.labels?.length, refuse });
  demand(questions, { ...told, size, layouts });
  const layout = await chosenOf(layouts, questions);
  const labels = told.labels ?? (await questions.labels(layout.classes));
  const license = told.license ?? (await questions.license());
  const { score, name } = wishes;
  const { description } = metadata;
  const { producer } = graph.facts;
  const thresholds = { score, floor: Math.min(0.05, score), maxDetections: 100 };

  const parsed = manifestSchema.safeParse({
    ...{ schemaVersion: 1, name, file: path, sha256: graph.sha256, layout: layout.layout },
    architecture: {},
    input: inputOf(input, batch, size, wishes),
    outputs: outputsOf(layout, batch),
    labels,
    thresholds: layout.layout === 'end2end' ? thresholds : { ...thresholds, nmsIou: 0.6 },
    accuracy: {},
    origin: {
      addedFrom: basename(path),
      ...(producer !== '' && { exportedBy: producer }),
      ...(description !== undefined && { description }),
    },
    license,
  });
  if (!parsed.success) {
    const faults = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
    throw refuse(`expected what a manifest can say, got ${faults.join('; ')}`);
  }
  return { manifest: parsed.data, inputs, outputs };
}

function prefixed<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof PipelineError)) throw error;
    throw new PipelineError(error.code, `${path}: ${error.detail}`, { cause: error });
  }
}

function checkFormat({ pixelFormat }: GuessedInput, wishes: Wishes, inputs: readonly TensorInfo[]): void {
  if (wishes.pixelFormat === undefined || wishes.pixelFormat === pixelFormat) return;
  throw new UsageError(
    `--pixel-format: expected ${pixelFormat} (${describeTensors(inputs)}), got ${wishes.pixelFormat}`,
  );
}

interface Told extends Pick<Wishes, 'labels' | 'license'> {
  readonly size: Size | undefined;
  /** Between which nothing but a person can decide. */
  readonly layouts?: readonly GuessedLayout[];
}

/** Without anybody to ask: tells everything that is missing, at once. */
function demand({ isThere }: Questions, { size, labels, license, layouts = [] }: Told): void {
  const missing = [
    size === undefined ? '--size WxH' : '',
    layouts.length > 1 ? `--layout ${namesOf(layouts).join('|')}` : '',
    labels === undefined ? '--labels FILE|a,b,c' : '',
    license === undefined ? '--license TEXT' : '',
  ].filter((flag) => flag !== '');
  if (!isThere && missing.length > 0)
    throw new UsageError(`expected ${missing.join(', ')}, which the file does not tell, got none`);
}

const namesOf = (layouts: readonly GuessedLayout[]) => layouts.map(({ layout }) => layout);

function sizeOf(
  input: GuessedInput,
  metadata: ExportMetadata,
  wishes: Wishes,
  inputs: readonly TensorInfo[],
): Size | undefined {
  const { width = wishes.size?.width, height = wishes.size?.height } = input;
  if (wishes.size !== undefined && (wishes.size.width !== width || wishes.size.height !== height)) {
    const given = `${wishes.size.width}x${wishes.size.height}`;
    throw new UsageError(`--size: expected ${width}x${height} (${describeTensors(inputs)}), got ${given}`);
  }
  return width === undefined || height === undefined ? metadata.size : { width, height };
}

/** Outputs of one frame, and whether the graph takes any number of them, which an open dimension alone does not promise. */
async function tryBatches(
  graph: Inspection,
  input: GuessedInput,
  size: Size,
): Promise<{ batch: 'batch' | 1; outputs: readonly TensorInfo[] }> {
  const run = (frames: number) =>
    graph.tryShape({ name: input.name, type: input.type, shape: [frames, ...inputShape(input, size)] });
  const outputs = await run(1);
  if (!input.isBatchFree) return { batch: 1, outputs };
  const two = await run(2).catch(() => undefined);
  const isFree = two?.every(
    ({ shape }, index) => shape.join() === [2, ...outputs[index]!.shape.slice(1)].join(),
  );
  return { batch: isFree ? 'batch' : 1, outputs };
}

interface LayoutFacts {
  readonly outputs: readonly TensorInfo[];
  readonly size: Size;
  readonly wishes: Wishes;
  readonly labels: number | undefined;
  readonly refuse: (what: string) => PipelineError;
}

/** The layouts that the outputs may be of; one where that is clear. */
function layoutsOf({ outputs, size, wishes, labels, refuse }: LayoutFacts): readonly GuessedLayout[] {
  const fitting = fittingLayouts(outputs, labels);
  if (fitting.length === 0) throw refuse(describeMisfit(outputs, labels));
  if (wishes.layout === undefined) return usualLayouts(fitting, size);
  const wished = fitting.filter(({ layout }) => layout === wishes.layout);
  if (wished.length > 0) return wished;
  const names = namesOf(fitting).join(' or ');
  throw new UsageError(`--layout: expected ${names} (${describeTensors(outputs)}), got ${wishes.layout}`);
}

async function chosenOf(layouts: readonly GuessedLayout[], questions: Questions): Promise<GuessedLayout> {
  const [only] = layouts;
  if (layouts.length === 1) return only!;
  const chosen = await questions.layout(namesOf(layouts));
  return layouts.find(({ layout }) => layout === chosen)!;
}

function describeMisfit(outputs: readonly TensorInfo[], labels: number | undefined): string {
  const counted = labels === undefined ? '' : ` for ${labels} labels`;
  const seems = outputs.some(({ shape }) => shape.length === 4)
    ? ' (masks, or feature maps that were not yet made boxes of)'
    : outputs.every(({ shape }) => shape.length <= 2)
      ? ' (a classifier gives such)'
      : '';
  return (
    `outputs: expected one of the layouts ${LAYOUTS.join(', ')}${counted}: boxes [1, A, 4] and scores [1, A, C]; ` +
    `[1, A, 5 + C]; [1, 4 + C, A]; or [1, n, 6]; got ${describeTensors(outputs)}${seems}`
  );
}

function inputOf(input: GuessedInput, batch: 'batch' | 1, size: Size, wishes: Wishes): object {
  const { name, type, pixelFormat, memoryOrder } = input;
  const common = { name, type, shape: [batch, ...inputShape(input, size)], ...size, pixelFormat };
  if (pixelFormat === 'i420') {
    return {
      ...common,
      colorMatrix: 'bt601',
      range: 'limited',
      resize: 'scale to fit keeping aspect, even size, top-left; pad right and bottom',
      padValue: { y: 114, u: 128, v: 128 },
    };
  }
  const { channelOrder, scale, mean, std } = wishes;
  const floats = { scale, ...(mean !== undefined && { mean }), ...(std !== undefined && { std }) };
  return { ...common, channelOrder, memoryOrder, ...(pixelFormat === 'rgb-float' && floats) };
}

function outputsOf({ layout, roles }: GuessedLayout, batch: 'batch' | 1): object {
  const formats: Readonly<Record<string, string>> = FORMATS[layout];
  return Object.fromEntries(
    Object.entries(roles).map(([role, { name, type, shape }]) => [
      role,
      { name, type, shape: [batch, ...shape.slice(1)], format: formats[role] },
    ]),
  );
}

import type { Manifest } from '../../models/efficientvit/manifest';
import { describeTensors } from '../../models/efficientvit/signature';
import type { DraftedModel } from '../new-model/draft-manifest';
import type { TriedModel } from '../new-model/try-model';
import { printable } from './printable';

const MOST_LABELS = 20;
const MOST_BOXES = 20;
/** Of what is below the threshold, so many are shown where nothing is above. */
const BEST_BELOW = 3;

/** What was made of a graph, for a person to see whether it is right. */
export function describeModel({ manifest, inputs, outputs }: DraftedModel, bytes: number): string {
  const { file, name, layout, labels, license, input } = manifest;
  const shown = labels.slice(0, MOST_LABELS).join(', ');
  const more = labels.length > MOST_LABELS ? `, and ${labels.length - MOST_LABELS} more` : '';
  const frames = input.shape[0] === 'batch' ? 'any number of frames at once' : 'one frame at a time';
  return lines([
    ['model', `${file} (${bytes} bytes) as ${name}`],
    ['input', `${describeTensors(inputs)}: ${describeInput(input)}, ${frames}`],
    ['outputs', `${describeTensors(outputs)}: layout ${layout}`],
    ['labels', `${labels.length}: ${shown}${more}`],
    ['licence', license],
  ]);
}

function describeInput(input: Manifest['input']): string {
  const size = `${input.width}x${input.height}`;
  if (input.pixelFormat === 'i420') return `${size} I420`;
  const order = `${input.channelOrder.toUpperCase()} ${input.memoryOrder === 'nchw' ? 'in planes' : 'by pixels'}`;
  if (input.pixelFormat === 'rgb24') return `${size} ${order}, 0 to 255`;
  const { scale, mean, std } = input;
  const range =
    mean === undefined && std === undefined ? `0 to ${Number((255 * scale).toPrecision(6))}` : 'normalised';
  return `${size} ${order}, ${range} (not in the file; --channel-order, --scale, --mean and --std change it)`;
}

/** What a model found in the picture it was tried on. */
export function describeTry({ source, detections }: TriedModel, picture: string, score: number): string {
  const found = detections.filter((detection) => detection.score >= score);
  const shown = (found.length > 0 ? found : detections).slice(0, found.length > 0 ? MOST_BOXES : BEST_BELOW);
  const title = `${found.length} found from score ${score} on in ${picture} (${source.width}x${source.height})`;
  const below = found.length === 0 && shown.length > 0 ? '; the best below:' : '';
  const boxes = shown.map(({ label, score: own, box: [x1, y1, x2, y2] }): [string, string] => [
    '',
    `${label} ${own.toFixed(2)} at ${Math.round(x1)},${Math.round(y1)}, ${Math.round(x2 - x1)}x${Math.round(y2 - y1)}`,
  ]);
  const rest = found.length - shown.length;
  return lines([
    ['tried', `${title}${below}`],
    ...boxes,
    ...(rest > 0 ? [['', `and ${rest} more`] as const] : []),
  ]);
}

function lines(rows: readonly (readonly [string, string])[]): string {
  return rows.map(([title, text]) => `${title.padEnd(9)}${printable(text)}\n`).join('');
}

import { PipelineError } from '../domain/errors';
import type { Manifest } from './manifest-schema';

/** Name, type and shape of one input or output. A string is a dimension left open by the graph. */
export interface TensorInfo {
  readonly name: string;
  readonly type: string;
  readonly shape: readonly (number | string)[];
}

/** What a loaded graph takes and gives. */
export interface Signature {
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];
}

/**
 * Throws PipelineError `model` with all differences between a graph and its manifest, both values in each. Dimensions
 * that the graph leaves open are not compared: `checkOutput` sees them after the first run.
 */
export function checkSignature(manifest: Manifest, { inputs, outputs }: Signature): void {
  refuse(manifest, [
    ...differences('inputs', [manifest.input], inputs),
    ...differences('outputs', Object.values<TensorInfo>(manifest.outputs), outputs),
  ]);
}

/** Throws PipelineError `model` when an output of a run has another type or shape than the manifest says. */
export function checkOutput(
  manifest: Manifest,
  expected: TensorInfo,
  actual: TensorInfo,
  frames: number,
): void {
  const shape = expected.shape.map((size) => (size === 'batch' ? frames : size));
  refuse(manifest, differences('outputs', [{ ...expected, shape }], [actual]));
}

function differences(what: string, expected: readonly TensorInfo[], actual: readonly TensorInfo[]): string[] {
  const names = (infos: readonly TensorInfo[]) =>
    infos
      .map(({ name }) => name)
      .sort()
      .join();
  if (names(expected) !== names(actual))
    return [`${what}: expected ${describeTensors(expected)}, got ${describeTensors(actual)}`];
  return expected.flatMap((one) => {
    const other = actual.find(({ name }) => name === one.name)!;
    return isSame(one, other) ? [] : [`${one.name}: expected ${describe(one)}, got ${describe(other)}`];
  });
}

function isSame(expected: TensorInfo, actual: TensorInfo): boolean {
  if (expected.type !== actual.type || expected.shape.length !== actual.shape.length) return false;
  return expected.shape.every((size, axis) => {
    const other = actual.shape[axis];
    // An open batch must be open in the graph too: a fixed one would refuse every other number of frames.
    return size === 'batch' ? typeof other === 'string' : typeof other === 'string' || other === size;
  });
}

function describe({ type, shape }: TensorInfo): string {
  return `${type}[${shape.join(', ')}]`;
}

/** Names, types and shapes in one line, sorted by name. */
export function describeTensors(tensors: readonly TensorInfo[]): string {
  const lines = tensors.map((tensor) => `${tensor.name}: ${describe(tensor)}`).sort();
  return lines.length === 0 ? 'none' : lines.join(', ');
}

function refuse({ file }: Manifest, faults: readonly string[]): void {
  if (faults.length > 0)
    throw new PipelineError('model', `${file} against its manifest: ${faults.join('; ')}`);
}

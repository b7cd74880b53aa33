import { InferenceSession, Tensor, env, listSupportedBackends } from 'onnxruntime-node';
import { PipelineError, toError } from '../domain/errors';
import { redact } from '../domain/redact';
import { applyLoadFault } from './fault';
import { fromHalves } from './float16';
import type { RawOutputs } from './layouts/layout';
import type { Manifest } from './manifest-schema';
import { createInputData, valuesPerFrame } from './pixels';
import type { InputData } from './pixels';
import { EXPECTED_PROVIDER, parseProvider } from './providers';
import type { ProviderAttempt, ProviderRequest } from './providers';
import { checkOutput, checkSignature } from './signature';
import type { Signature, TensorInfo } from './signature';

const MOST_ERROR_CHARACTERS = 300;

// A provider that is missing is reported by us, in one line; onnxruntime would print three in colour.
env.logLevel = 'fatal';

// onnxruntime 1.30 sends usage data to Microsoft by default and leaves files in the temp and cache folders for it. It asks
// this variable when the first session is made.
process.env['ORT_DISABLE_TELEMETRY'] ??= '1';

/** Options of `createSession`. */
export interface SessionOptions {
  readonly manifest: Manifest;
  /** The bytes of the weights, their hash checked. */
  readonly weights: Uint8Array;
  /** Execution providers in order of preference, at least one: `cuda`, or `cuda:1` for another device than the first. */
  readonly providers: readonly string[];
  /** Threads within one run; 0 lets onnxruntime take all cores. */
  readonly intraOpThreads: number;
  /** Awaited before each provider that is tried. */
  readonly onAttempt?: (provider: string) => Promise<void>;
  /** The runs that the caller will ask for: a provider with which one fails is not taken. */
  readonly warmUp?: (session: Pick<Session, 'provider' | 'run'>) => Promise<void>;
}

/** A loaded graph. */
export interface Session {
  /** As it was asked for. */
  readonly provider: string;
  /** Name and version of what runs the graph. */
  readonly runtime: string;
  /** Providers asked for before this one, and why they were not taken. */
  readonly attempts: readonly ProviderAttempt[];
  /**
   * Runs the graph on `count` frames that lie one after the other from the start of `frames`, as the manifest's input wants
   * them. Blocks its thread. The outputs are the caller's to keep. Rejects with PipelineError `inference`.
   */
  run(frames: InputData, count: number): Promise<RawOutputs>;
  /** Frees the native memory; may be called again. */
  release(): Promise<void>;
}

/**
 * Loads weights with the first provider that can also run them. Rejects with PipelineError `model` when none can (all
 * attempts in the message) or when inputs or outputs are not those of the manifest.
 */
export async function createSession(options: SessionOptions): Promise<Session> {
  const attempts: ProviderAttempt[] = [];
  for (const provider of options.providers) {
    await options.onAttempt?.(provider);
    try {
      const request = requireProvider(provider);
      applyLoadFault(options.manifest.fault, provider);
      return await open(options, provider, request, attempts);
    } catch (error) {
      // Weights that differ from their manifest do so on every provider.
      if (error instanceof PipelineError && error.code === 'model') throw error;
      attempts.push({ provider, error: describe(error) });
    }
  }
  const tried = attempts.map(({ provider, error }) => `${provider} (${error})`).join(', ');
  throw new PipelineError(
    'model',
    `${options.manifest.file}: expected a provider that runs it, got ${tried === '' ? 'none to try' : tried}`,
  );
}

function requireProvider(text: string): ProviderRequest {
  const request = parseProvider(text);
  if (request === undefined) throw new Error(`expected ${EXPECTED_PROVIDER}`);
  const available = listSupportedBackends().map((backend) => backend.name);
  if (!available.includes(request.name)) {
    throw new Error(
      `not in onnxruntime-node for ${process.platform}-${process.arch}, which has ${available.join(', ')}`,
    );
  }
  return request;
}

async function open(
  options: SessionOptions,
  provider: string,
  request: ProviderRequest,
  attempts: ProviderAttempt[],
): Promise<Session> {
  const { manifest, weights, intraOpThreads } = options;
  const { input } = manifest;
  const outputs = Object.entries<TensorInfo>(manifest.outputs);
  const values = valuesPerFrame(input);
  const session = await InferenceSession.create(weights, {
    executionProviders: [request],
    intraOpNumThreads: intraOpThreads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    graphOptimizationLevel: 'all',
    // Costs 50 MB at 8 frames of 416x256 and saves no time (1.30.0, CPU); DirectML forbids it.
    enableMemPattern: false,
    // Waiting threads of one process would take the core of another.
    extra: { session: { intra_op: { allow_spinning: '0' } } },
    logSeverityLevel: 4,
  });
  let isReleased = false;

  async function run(frames: InputData, count: number): Promise<InferenceSession.OnnxValueMapType> {
    // A view: onnxruntime reads the caller's buffer in place at each run.
    const view = frames.subarray(0, count * values);
    const dims = [count, ...input.shape.slice(1).map(Number)];
    return session.run({ [input.name]: new Tensor(input.type, view as Float32Array, dims) });
  }

  const opened: Session = {
    provider,
    runtime: `onnxruntime ${env.versions.node ?? env.versions.common}`,
    attempts: [...attempts],
    async run(frames, count) {
      const given = await run(frames, count).catch((cause: unknown) => {
        throw new PipelineError('inference', describe(cause), { cause });
      });
      return Object.fromEntries(
        outputs.map(([role, { name, shape }]) => [role, floats(name, given[name] as Tensor, shape, count)]),
      );
    },
    async release() {
      if (isReleased) return;
      isReleased = true;
      await session.release();
    },
  };

  try {
    checkSignature(manifest, {
      inputs: tensorsOf(session.inputMetadata),
      outputs: tensorsOf(session.outputMetadata),
    });
    // Some providers load what they cannot run, and some shapes are only known after a run.
    const given = await run(createInputData(input, values), 1);
    for (const [, expected] of outputs) {
      const { type, dims } = given[expected.name] as Tensor;
      checkOutput(manifest, expected, { name: expected.name, type, shape: dims }, 1);
    }
    await options.warmUp?.(opened);
    return opened;
  } catch (error) {
    await opened.release();
    throw error;
  }
}

/** A graph of which nothing is known yet. */
export interface UnknownGraph {
  readonly signature: Signature;
  /** Runs it on zeros of a type and shape; gives its outputs with all their dimensions. Rejects with PipelineError `model`. */
  tryShape(input: TensorInfo): Promise<readonly TensorInfo[]>;
}

/** Loads a graph without a manifest, on the CPU. Blocks its thread. Rejects with PipelineError `model` for bytes that are none. */
export async function openUnknownGraph(bytes: Uint8Array): Promise<UnknownGraph> {
  const refuse = (what: string) => (cause: unknown) => {
    throw new PipelineError('model', `${what}, got ${describe(cause)}`, { cause });
  };
  const options = { executionProviders: ['cpu'], intraOpNumThreads: 1, logSeverityLevel: 4 } as const;
  const session = await InferenceSession.create(bytes, options).catch(refuse('expected a graph that loads'));
  return {
    signature: {
      inputs: tensorsOf(session.inputMetadata),
      outputs: tensorsOf(session.outputMetadata),
    },
    async tryShape({ name, type, shape }) {
      const dims = shape.map(Number);
      const length = dims.reduce((product, size) => product * size, 1);
      const run = async () => {
        const data = createInputData({ type: type as 'uint8' | 'float32' | 'float16' }, length);
        return session.run({ [name]: new Tensor(type as 'float32', data as Float32Array, dims) });
      };
      const given = await run().catch(refuse(`expected a run on ${type}[${dims.join(', ')}]`));
      return session.outputNames.map((output) => {
        const { type, dims } = given[output] as Tensor;
        return { name: output, type, shape: dims };
      });
    },
  };
}

function tensorsOf(metadata: readonly InferenceSession.ValueMetadata[]): TensorInfo[] {
  return metadata.map((value) =>
    value.isTensor
      ? { name: value.name, type: value.type, shape: value.shape }
      : { name: value.name, type: 'no tensor', shape: [] },
  );
}

/** The values of an output; throws PipelineError `inference` for another number of them than the manifest says. */
function floats(name: string, tensor: Tensor, shape: TensorInfo['shape'], count: number): Float32Array {
  const data = tensor.type === 'float16' ? fromHalves(tensor.data as Uint16Array) : tensor.data;
  const expected = shape.slice(1).reduce<number>((product, size) => product * Number(size), count);
  if (data.length === expected) return data as Float32Array;
  throw new PipelineError('inference', `${name}: expected ${expected} values, got ${data.length}`);
}

function describe(error: unknown): string {
  const line = redact(toError(error).message).replace(/\s+/g, ' ').trim();
  const short = line.length > MOST_ERROR_CHARACTERS ? `${line.slice(0, MOST_ERROR_CHARACTERS)}…` : line;
  const isMissing = /Failed to load shared library/.test(line);
  return isMissing ? `${short}: its libraries are not installed (npm run setup:gpu)` : short;
}

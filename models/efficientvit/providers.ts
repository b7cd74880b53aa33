/** Execution providers of onnxruntime that a detector may be asked to use. */
export const PROVIDERS = ['tensorrt', 'cuda', 'webgpu', 'coreml', 'dml', 'cpu'] as const;

/** Name of an execution provider. */
export type Provider = (typeof PROVIDERS)[number];

/**
 * Those whose device can be chosen, as in `cuda:1`. onnxruntime-node 1.30.0 passes no number on for the others, and refuses one for
 * webgpu.
 */
const WITH_DEVICE: readonly Provider[] = ['tensorrt', 'cuda', 'dml'];

/** A provider with the number of its device. */
export const PROVIDER_WITH_DEVICE = new RegExp(`^(${WITH_DEVICE.join('|')}):(0|[1-9][0-9]?)$`);

/** How a fault names what should have stood there. */
export const EXPECTED_PROVIDER = `one of ${PROVIDERS.join(', ')}; for a device other than the first, ${WITH_DEVICE.map((name) => `${name}:1`).join(', ')} and so on`;

/**
 * A provider and its device, in the form that onnxruntime-node takes.
 *
 * The number is all that 1.30.0 passes on for cuda and tensorrt: TensorRT's engine cache, timing cache and fp16 mode cannot be asked
 * for (microsoft/onnxruntime#26854), nor by environment variables (#18380), so that an engine is built at every start. Half
 * precision comes with weights that have it. Outputs on the device (`preferredOutputLocation`) and graph capture are ignored.
 */
export interface ProviderRequest {
  readonly name: Provider;
  readonly deviceId?: number;
}

/** Reads `cuda` or `cuda:1`; undefined for what is neither. */
export function parseProvider(text: string): ProviderRequest | undefined {
  const [, name = text, device] = PROVIDER_WITH_DEVICE.exec(text) ?? [];
  const provider = PROVIDERS.find((one) => one === name);
  if (provider === undefined) return undefined;
  return device === undefined ? { name: provider } : { name: provider, deviceId: Number(device) };
}

/** A provider that was asked for but not taken. */
export interface ProviderAttempt {
  /** As asked for, so possibly no provider at all. */
  readonly provider: string;
  /** One line; credentials removed. */
  readonly error: string;
}

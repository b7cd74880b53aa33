/** Execution providers of onnxruntime that a detector may be asked to use. */
export const PROVIDERS = ['tensorrt', 'cuda', 'webgpu', 'coreml', 'dml', 'cpu'] as const;

/** Name of an execution provider. */
export type Provider = (typeof PROVIDERS)[number];

/** True when `name` is an execution provider known here. */
export function isProvider(name: string): name is Provider {
  return (PROVIDERS as readonly string[]).includes(name);
}

/** A provider that was asked for but not taken. */
export interface ProviderAttempt {
  /** As asked for, so possibly no provider at all. */
  readonly provider: string;
  /** One line; credentials removed. */
  readonly error: string;
}

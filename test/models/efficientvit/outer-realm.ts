import { runInThisContext } from 'node:vm';

/**
 * Import this before onnxruntime. Jest gives each test file a realm of its own, where the Float32Array that native code
 * makes is no `instanceof` the global one, and onnxruntime refuses its own outputs
 * (https://github.com/microsoft/onnxruntime/issues/16622). Jest does the same for Uint8Array by itself.
 */
globalThis.Float32Array = runInThisContext('Float32Array') as Float32ArrayConstructor;

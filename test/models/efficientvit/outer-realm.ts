import { runInThisContext } from 'node:vm';

/**
 * Import this before onnxruntime. Jest gives each test file a realm of its own, where the arrays that native code makes are
 * no `instanceof` the global ones, and onnxruntime refuses its own outputs
 * (https://github.com/microsoft/onnxruntime/issues/16622). Jest does the same for Uint8Array by itself.
 */
globalThis.Float32Array = runInThisContext('Float32Array') as Float32ArrayConstructor;
globalThis.Uint16Array = runInThisContext('Uint16Array') as Uint16ArrayConstructor;

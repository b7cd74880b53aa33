import { replySchema, requestSchema } from '../../../workers/inference/protocol';

const frame = { slot: 0, generation: 1, length: 24, source: { width: 4, height: 4 } };
const timings = { runMs: 1, graphMs: 1, runCpuMs: 1, cpuMs: 1 };
const packed = { counts: [0], values: new Float64Array(0), features: new Float32Array(0), featureLength: 0 };

describe('the protocol of inference processes', () => {
  it('takes what it defines', () => {
    const batch = { kind: 'batch', id: 0, frames: [frame] };
    expect(requestSchema.parse(batch)).toEqual(batch);
    const result = { kind: 'result', id: 0, packed, timings };
    expect(replySchema.parse(result)).toEqual(result);
  });

  it.each([
    undefined,
    'batch',
    { kind: 'stop' },
    { kind: 'batch', id: 0, frames: [] },
    { kind: 'batch', id: -1, frames: [frame] },
    { kind: 'batch', id: 0, frames: [{ ...frame, slot: 1.5 }] },
    { kind: 'batch', id: 0, frames: [{ ...frame, generation: 0 }] },
    { kind: 'batch', id: 0, frames: [{ ...frame, path: '/etc/passwd' }] },
    {
      kind: 'start',
      manifest: {},
      providers: ['cpu'],
      maxBatch: 1,
      intraOpThreads: 1,
      ring: { id: 'a', frameBytes: 1 },
    },
  ])('refuses the request %j', (message) => {
    expect(requestSchema.safeParse(message).success).toBe(false);
  });

  it.each([
    undefined,
    { kind: 'ready' },
    { kind: 'failed', code: 'no_such_code', message: '' },
    { kind: 'result', id: 0, packed: { ...packed, counts: [-3] }, timings },
    { kind: 'result', id: 0, packed: { ...packed, values: [1, 2] }, timings },
    { kind: 'result', id: 0, packed, timings: { ...timings, runMs: -1 } },
  ])('refuses the reply %j', (message) => {
    expect(replySchema.safeParse(message).success).toBe(false);
  });
});

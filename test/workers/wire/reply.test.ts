import { cameraId } from '../../../models/domain/frame';
import { PROTOCOL } from '../../../workers/wire/job';
import { decodeReply, encodeReply } from '../../../workers/wire/reply';
import type { Reply } from '../../../workers/wire/reply';

const LABELS = ['person', 'car'];
const INDICES = new Map(LABELS.map((label, index) => [label, index]));
const at = { camera: cameraId('door'), epoch: 3, attempt: 1 };
const reply: Reply = {
  worker: 'worker-a-1-ff',
  frames: [
    {
      ...at,
      seq: 0,
      kind: 'detected',
      detections: [{ label: 'car', score: 0.1 + 0.2, box: [1 / 3, 0, 5, 6] }],
    },
    { ...at, seq: 1, kind: 'lost', detections: [] },
    { ...at, seq: 2, kind: 'detected', detections: [] },
  ],
};

function fieldsOf(value: Reply): Map<string, Buffer> {
  const fields = encodeReply(value, INDICES);
  const named = new Map<string, Buffer>();
  for (let index = 0; index < fields.length; index += 2)
    named.set(String(fields[index]), Buffer.from(fields[index + 1]!));
  return named;
}

describe('a reply', () => {
  it('crosses bit by bit', () => {
    expect(decodeReply(fieldsOf(reply), LABELS)).toEqual(reply);
  });

  it('carries appearances', () => {
    const features = Float32Array.of(0.5, -0.25);
    const [first, ...others] = reply.frames;
    const frames = [{ ...first!, detections: [{ ...first!.detections[0]!, features }] }, ...others];
    expect(decodeReply(fieldsOf({ ...reply, frames }), LABELS).frames[0]!.detections[0]).toMatchObject({
      features,
    });
  });

  const head = (change: (value: Record<string, unknown>) => unknown) => {
    const fields = fieldsOf(reply);
    const value = JSON.parse(fields.get('head')!.toString()) as Record<string, unknown>;
    return fields.set('head', Buffer.from(JSON.stringify(change(value))));
  };

  it.each([
    ['no field', new Map<string, Buffer>()],
    ['a head that is no JSON', fieldsOf(reply).set('head', Buffer.from('{'))],
    ['another version', head((value) => ({ ...value, v: PROTOCOL + 1 }))],
    ['numbers cut off', fieldsOf(reply).set('values', Buffer.alloc(7))],
    ['fewer numbers than detections', fieldsOf(reply).set('values', Buffer.alloc(0))],
    [
      'a label the model does not have',
      fieldsOf(reply).set('values', Buffer.from(Float64Array.of(9, 1, 0, 0, 1, 1).buffer)),
    ],
    [
      'a count beside a kind that has none',
      head((value) => ({
        ...value,
        frames: (value['frames'] as { count: number }[]).map((frame) => ({ ...frame, kind: 'lost' })),
      })),
    ],
  ])('is refused with %s', (_what, fields) => {
    expect(() => decodeReply(fields, LABELS)).toThrow(/^inference: reply: expected/);
  });
});

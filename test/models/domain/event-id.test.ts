import fc from 'fast-check';
import { base32, canonicalJson, createEventId, createRunKey } from '../../../models/domain/event-id';
import type { EventIdentity } from '../../../models/domain/event-id';

const identity: EventIdentity = {
  source: 'camera/front',
  runKey: '0123456789abcdef',
  epoch: 0,
  trackId: 'front-0-1',
  type: 'track.started',
  n: 0,
};

describe('base32', () => {
  it.each([
    ['', ''],
    ['f', 'my'],
    ['fo', 'mzxq'],
    ['foo', 'mzxw6'],
    ['foob', 'mzxw6yq'],
    ['fooba', 'mzxw6ytb'],
    ['foobar', 'mzxw6ytboi'],
  ])('encodes %j as RFC 4648 has it', (text, encoded) => {
    expect(base32(Buffer.from(text))).toBe(encoded);
  });
});

describe('canonicalJson', () => {
  it('is the same for equal values however their keys are ordered', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
        const reversed = Object.fromEntries(Object.entries(value).reverse());
        expect(canonicalJson(reversed)).toBe(canonicalJson(value));
        expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it('keeps the order of lists and leaves out what is undefined', () => {
    expect(canonicalJson({ b: [2, 1], a: undefined })).toBe('{"b":[2,1]}');
  });
});

describe('createRunKey', () => {
  it('changes with the settings and with the detector, and not with the order of keys', () => {
    const key = createRunKey({ maxFps: 10, labels: ['car'] }, 'aa');
    expect(key).toMatch(/^[0-9a-f]{16}$/);
    expect(createRunKey({ labels: ['car'], maxFps: 10 }, 'aa')).toBe(key);
    expect(createRunKey({ labels: ['car'], maxFps: 11 }, 'aa')).not.toBe(key);
    expect(createRunKey({ labels: ['car'], maxFps: 10 }, 'bb')).not.toBe(key);
  });
});

describe('createEventId', () => {
  it('stays what it was in earlier releases', () => {
    expect(createEventId(identity)).toBe('jyleabwu46u4j66l5rg64kuydp7zadfm');
  });

  it('changes with every part of the identity', () => {
    const others: Partial<EventIdentity>[] = [
      { source: 'camera/back' },
      { runKey: 'fedcba9876543210' },
      { epoch: 1 },
      { trackId: 'front-0-2' },
      { type: 'track.ended' },
      { n: 1 },
    ];
    const ids = [identity, ...others.map((other) => ({ ...identity, ...other }))].map(createEventId);
    expect(new Set(ids).size).toBe(ids.length);
    for (const id of ids) expect(id).toMatch(/^[a-z2-7]{32}$/);
  });

  it('does not run neighbouring parts together', () => {
    const a = createEventId({ ...identity, source: 'camera/a","b', runKey: 'c' });
    const b = createEventId({ ...identity, source: 'camera/a', runKey: 'b","c' });
    expect(a).not.toBe(b);
  });
});

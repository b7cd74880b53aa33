import fc from 'fast-check';
import {
  createRedactor,
  credentialsIn,
  credentialsOf,
  lacksScheme,
  percentEncode,
  redact,
  redactUrl,
} from '../../../models/domain/redact';

/** Secrets of the kind that breaks URLs, JSON and regular expressions. */
const trickySecret = fc
  .string({ minLength: 4, maxLength: 24, unit: fc.constantFrom(...Array.from('@:/#%? "\'\\$*.&;,aZ9é')) })
  .filter((secret) => secret.trim().length >= 4);

describe('redact', () => {
  it.each([
    ['rtsp://user:pass@cam/stream', 'rtsp://***@cam/stream'],
    ['rtsp://user:p@s:s/w#o?rd@cam/stream', 'rtsp://***@cam/stream'],
    ['from rtsp://u:p@a/1 and RTSPS://u:p@b/2', 'from rtsp://***@a/1 and RTSPS://***@b/2'],
    ['redis://:secret@10.0.0.5:6379/0', 'redis://***@10.0.0.5:6379/0'],
    ['{"url":"rtsp://u:p@h/x","n":1}', '{"url":"rtsp://***@h/x","n":1}'],
    ['rtsp://cam/stream?token=abc&x=1', 'rtsp://cam/stream?token=***&x=1'],
    ['{"password":"two words","x":1}', '{"password":"***","x":1}'],
    ['{"apiKey": "a\\"b c"}', '{"apiKey": "***"}'],
    ["password='two words' next", "password='***' next"],
    ['Authorization: Basic dXNlcjpwYXNz', 'Authorization: Basic ***'],
    ['pwd: hunter2, user: me', 'pwd: ***, user: me'],
    ['?auth=abcdef', '?auth=***'],
  ])('hides what is secret in %s', (text, safe) => {
    expect(redact(text)).toBe(safe);
  });

  it.each([
    'rtsp://cam/stream',
    'auth: 401 Unauthorized',
    'file /srv/clips/a@b.mp4 not found',
    'wrote 12 events to redis://10.0.0.5:6379',
    'mail@example.org',
  ])('leaves alone what is not: %s', (text) => {
    expect(redact(text)).toBe(text);
  });

  it('is settled after one pass', () => {
    fc.assert(fc.property(fc.string(), (text) => expect(redact(redact(text))).toBe(redact(text))));
  });

  it('takes no longer than its text for text that looks like credentials all over', () => {
    const text = 'rtsp://'.repeat(20_000);
    expect(redact(text)).toHaveLength(text.length);
  });
});

describe('credentialsIn', () => {
  it.each([
    ['rtsp://admin:s3cr@t@h/x', ['s3cr@t', 'admin:s3cr@t']],
    ['--redis=redis://:s3cret@h', ['s3cret', ':s3cret']],
    ['admin:s3cret@h/x.onnx', ['s3cret']],
    ['--model=admin:s3cret@h/x.onnx', ['s3cret']],
    ['rtsp//admin:s3cret@h/x', ['s3cret']],
    ['http:/admin:s3/cret@h/x', ['s3/cret']],
    ['rtsp//a:s3cret@h/x', ['s3cret']],
    ['rtsp//domain/admin:s3cret@h/x', ['s3cret']],
    ['a:s3cret@h/x', ['s3cret']],
    ['c:/clips/a:b@c.mp4', []],
    ['./a:b@c.mp4', []],
    ['/data/a:bcde@c.mp4', []],
    ['file:a@b.mp4', []],
    ['C:\\clips\\a@b.mp4', []],
    ['street.mp4', []],
  ])('of %s', (argument, secrets) => {
    expect(credentialsIn(argument)).toEqual(secrets);
  });

  it('takes no quadratic time', () => {
    expect(credentialsIn(`a@${'=a:'.repeat(500_000)}`)).toEqual([]);
    expect(credentialsIn(`${'=a'.repeat(500_000)}:secret@h`)).toEqual(['secret']);
  });
});

describe('createRedactor', () => {
  it('leaves no known secret in any text, plain, percent-encoded or in JSON', () => {
    fc.assert(
      fc.property(trickySecret, fc.string(), fc.string(), (secret, before, after) => {
        const hide = createRedactor([secret]);
        for (const form of [
          secret,
          encodeURIComponent(secret),
          percentEncode(secret),
          JSON.stringify(secret).slice(1, -1),
        ]) {
          expect(hide(`${before} ${form} ${after}`)).not.toContain(form);
        }
      }),
    );
  });

  it('knows a secret that it was given percent-encoded', () => {
    expect(createRedactor(['p%40ss%2Fword'])('login with p@ss/word failed')).toBe('login with *** failed');
  });

  it('hides the longer of two secrets where one holds the other', () => {
    expect(createRedactor(['word', 'password!'])('my password!')).toBe('my ***');
  });

  it('does not hide secrets too short to tell from other text', () => {
    expect(createRedactor(['1', ''])('1 frame')).toBe('1 frame');
  });

  it('takes secrets that are no well-formed text', () => {
    expect(createRedactor(['\ud800abc', '%zz%'])('a %zz% b')).toBe('a *** b');
  });
});

describe('credentialsOf', () => {
  it.each([
    ['rtsp://user:p%40ss@cam/stream', ['p%40ss', 'user:p%40ss']],
    ['rtsp://user:p@ss@cam/stream', ['p@ss', 'user:p@ss']],
    ['rtsp://token@cam/stream', ['token']],
    ['rtsp://cam/stream', []],
    ['clips/a@b.mp4', []],
  ])('finds them in %s', (url, credentials) => {
    expect(credentialsOf(url)).toEqual(credentials);
  });
});

describe('redactUrl', () => {
  it.each([
    ['rtsp://user:p@ss word@cam/stream', 'rtsp://***@cam/stream'],
    ['user:hunter2@10.0.0.5/stream', 'user:***@10.0.0.5/stream'],
    ["user:h/un'ter@2@10.0.0.5/stream", 'user:***@10.0.0.5/stream'],
    ['clips/a:b@c.mp4', 'clips/a:b@c.mp4'],
    ['/dev/v4l/by-path/a:b@c', '/dev/v4l/by-path/a:b@c'],
    ['v4l2:/dev/v4l/a@b', 'v4l2:/dev/v4l/a@b'],
    ['10.0.0.5:554/stream', '10.0.0.5:554/stream'],
  ])('makes %s fit for people', (url, shown) => {
    expect(redactUrl(url)).toBe(shown);
  });
});

describe('lacksScheme', () => {
  it.each([
    ['admin_1:hunter2@10.0.0.5', true],
    ['guard:p/w@cam/stream', true],
    ['a:hunter2@cam/stream', true],
    ['rtsp://guard:pw@cam', false],
    ['sdp:streams/a@b.sdp', false],
    ['./a:b@c.mp4', false],
    ['C:\\a@b.mp4', false],
    ['a@b.mp4', false],
  ])('of %s is %s', (text, expected) => {
    expect(lacksScheme(text)).toBe(expected);
  });
});

describe('percentEncode', () => {
  it('leaves nothing that ends a URL or its user name, and is undone by decoding', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        expect(percentEncode(text)).toMatch(/^[\w.~%-]*$/);
        expect(decodeURIComponent(percentEncode(text))).toBe(text);
      }),
    );
  });
});

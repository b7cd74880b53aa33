import fc from 'fast-check';
import { describeTemplate, expandTemplate } from '../../config/template';

const expand = (template: string, env: Record<string, string> = {}) =>
  expandTemplate(template, {
    env,
    readSecret: (path) => {
      if (path === '/none') throw new Error('no such file');
      return `<${path}>`;
    },
  });

describe('expandTemplate', () => {
  it.each([
    ['plain', 'plain'],
    ['${A}', 'alpha'],
    ['x${A}y${B}z', 'xalphaybetaz'],
    ['${NONE:-fallback}', 'fallback'],
    ['${EMPTY:-fallback}', 'fallback'],
    ['${NONE:-}', ''],
    ['${A:-fallback}', 'alpha'],
    ['${file:/run/secrets/x}', '</run/secrets/x>'],
    ['$${A}', '${A}'],
    ['$$${A}', '$${A}'],
    ['$A $ {A} $$', '$A $ {A} $$'],
    ['${A}$${A}${A}', 'alpha${A}alpha'],
  ])('turns %s into %s', (template, text) => {
    const expanded = expand(template, { A: 'alpha', B: 'beta', EMPTY: '' });
    expect(expanded).toMatchObject({ text, faults: [] });
  });

  it.each(['${', '${A', '${}', '${1A}', '${A-B}', '${file:}', '${A:=x}'])(
    'refuses %s and says what can stand there',
    (template) => {
      expect(expand(template, { A: 'a' }).faults).toEqual([
        expect.stringMatching(/^expected \$\{NAME\}.*, got /),
      ]);
    },
  );

  it('tells each part that could not be filled in', () => {
    expect(expand('${ONE}${TWO}${file:/none}').faults).toEqual([
      'expected the environment variable ONE, got none',
      'expected the environment variable TWO, got none',
      'expected a file with a secret at /none, got no such file',
    ]);
  });

  it('makes any password part of a URL that reads it back', () => {
    const texts = fc.string({ minLength: 1, unit: 'grapheme' }).filter((text) => !/\p{Cc}/u.test(text));
    fc.assert(
      fc.property(texts, texts, (user, password) => {
        const { text } = expand('rtsp://${USER}:${PASSWORD}@10.0.0.5:554/live', {
          USER: user,
          PASSWORD: password,
        });
        const url = new URL(text);
        expect([decodeURIComponent(url.username), decodeURIComponent(url.password)]).toEqual([
          user,
          password,
        ]);
        expect([url.host, url.pathname]).toEqual(['10.0.0.5:554', '/live']);
      }),
    );
  });

  it('splits what is filled in for user and password together at its first colon', () => {
    expect(expand('redis://${LOGIN}@h', { LOGIN: 'me:p@:w' }).text).toBe('redis://me:p%40%3Aw@h');
    expect(expand('redis://:${LOGIN}@h', { LOGIN: 'p:w' }).text).toBe('redis://:p%3Aw@h');
  });

  it('leaves everything outside of user name and password as it is', () => {
    const env = { HOST: 'a.b:1', PATH_: 'x/y', WHOLE: 'rtsp://u:p@h/s?q=1' };
    expect(expand('rtsp://u:p@${HOST}/${PATH_}?m=${HOST}', env).text).toBe('rtsp://u:p@a.b:1/x/y?m=a.b:1');
    expect(expand('${WHOLE}', env).text).toBe(env.WHOLE);
    expect(expand('rtsp://${HOST}/mail@${HOST}', env).text).toBe('rtsp://a.b:1/mail@a.b:1');
  });

  it('reports what it filled in, in both forms, and what came from files', () => {
    const { values, fileValues } = expand('rtsp://u:${A}@h/${file:/k}', { A: 'p@s' });
    expect(values).toEqual(['p@s', 'p%40s', '</k>']);
    expect(fileValues).toEqual(['</k>']);
  });
});

describe('describeTemplate', () => {
  it('leaves out defaults, which may be secrets', () => {
    expect(describeTemplate('${A:-hunter2} ${B} $${C:-x}')).toBe('${A} ${B} $${C:-x}');
  });
});

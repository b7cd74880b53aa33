import { inspect } from 'node:util';
import fc from 'fast-check';
import { loadConfig, parseConfig } from '../../config/load';
import { createRedactor } from '../../models/domain/redact';

/** Secrets with the signs that break URLs; at least one of them rare, so that it cannot stand in a message by chance. */
const secret = fc
  .string({ minLength: 3, maxLength: 20, unit: fc.constantFrom(...Array.from('@:/#%? Qxz9')) })
  .map((text) => `Q${text}z`);

/** Every way a configuration can be wrong around its secrets. */
const templates = [
  'cameras: { a: { url: "ftp://u:${S}@h/x" } }',
  'cameras: { a: { url: "rtsp://${S}" , maxFps: -1 } }',
  'cameras: { a: { url: "rtsp://u:${S}@/x" } }',
  'cameras: { a: { url: "${S}:${S}", maxFps: "${S}" } }',
  'cameras: { a: { url: "a.mp4", loop: "${S}", labels: ["${S}", "${S}"], startTime: "${S}", track: "${S}" } }',
  'namespace: "${S}"\nmodel: { providers: ["${S}"], processes: "${S}" }\ncameras: { }',
  'cameras: { a: { url: a.mp4 } }\nevents: [{ type: redis, url: "http://u:${S}@h" }, { type: "${S}" }]',
  'cameras: { a: { url: "rtsp://u:${S}@h/${NONE}" }, b: { url: "${NONE:-${S}}" } }',
  'cameras: { a: { url: "${file:/s}", maxFps: "${file:/s}" } }\nx: "${S}"',
];

const forms = (text: string) => [text, encodeURIComponent(text), JSON.stringify(text).slice(1, -1)];

describe('secrets', () => {
  it('stand in no fault, whatever is wrong', () => {
    fc.assert(
      fc.property(secret, fc.constantFrom(...templates), (text, template) => {
        let shown = '';
        try {
          parseConfig(template, { path: 'c.yaml', env: { S: text }, readSecret: () => text });
        } catch (error) {
          shown = inspect(error, { depth: 9, showHidden: true });
        }
        expect(shown).toContain('expected');
        for (const form of forms(text)) expect(shown).not.toContain(form);
      }),
    );
  });

  it('are of the URL of a Redis its credentials alone, so that messages can name the server', () => {
    const yaml = "cameras: { a: { url: a.mp4 } }\nevents: [{ type: redis, url: '${R}' }]\n";
    const secretsOf = (url: string) => parseConfig(yaml, { path: 'c.yaml', env: { R: url } }).secrets;
    expect(secretsOf('redis://127.0.0.1:6379')).toEqual([]);
    const secrets = secretsOf('redis://guard:p%40ss@127.0.0.1:6379');
    expect(secrets).toContain('p%40ss');
    const hide = createRedactor(secrets);
    expect(hide('redis://127.0.0.1:6379 took p@ss and p%40ss')).toBe(
      'redis://127.0.0.1:6379 took *** and ***',
    );
  });

  it('stand in no fault when written into the file itself', () => {
    fc.assert(
      fc.property(secret, fc.constantFrom('ftp', 'rtsp', 'redis'), (text, scheme) => {
        const url = JSON.stringify(`${scheme}://user:${text}@host:port/x`);
        for (const yaml of [
          `cameras: { a: { url: ${url}, maxFps: 0 } }`,
          `cameras: { a: { url: ${url}, url: ${url} } }`,
          `cameras: ${url}`,
          `cameras: [${url}`,
        ]) {
          let shown = '';
          try {
            parseConfig(yaml, { path: 'c.yaml', env: {} });
          } catch (error) {
            shown = inspect(error, { depth: 9 });
          }
          expect(shown).toContain('expected');
          expect(shown).not.toContain(text);
        }
      }),
    );
  });

  it('are hidden by a redactor made of what was loaded', () => {
    fc.assert(
      fc.property(secret, (text) => {
        const yaml =
          'cameras: { a: { url: "rtsp://u:${S}@h/x" } }\nevents: [{ type: redis, url: "redis://:${S}@h" }]';
        const { config, secrets } = parseConfig(yaml, { path: 'c.yaml', env: { S: text } });
        const hide = createRedactor(secrets);
        const shown = hide(
          `opening ${config.cameras.a!.url} failed for ${text}: ${inspect(config, { depth: 9 })}`,
        );
        for (const form of forms(text)) expect(shown).not.toContain(form);
      }),
    );
  });

  it('do not take what names and places are made of', () => {
    const yaml =
      'namespace: "${NS}"\ncameras: { path: { url: "rtsp://u:${PW}@h", annotate: "${HOME}/o.mp4", maxFps: "${FPS}" } }';
    const env = { NS: 'lobby', PW: 'hunter22', HOME: '/home/me', FPS: '1500e-3' };
    expect(() => parseConfig(yaml, { path: 'c.yaml', env })).toThrow(/maxFps/);
    const { secrets } = parseConfig(yaml, { path: 'c.yaml', env: { ...env, FPS: '12.5' } });
    expect(secrets).toContain('hunter22');
    for (const plain of ['lobby', '/home/me', '12.5']) expect(secrets).not.toContain(plain);
  });

  it('come from a camera called like a key, too', () => {
    const yaml = 'cameras: { path: { url: "rtsp://h/${KEY}" }, name: { url: "rtsp://h/${KEY2}" } }';
    const { secrets } = parseConfig(yaml, { path: 'c.yaml', env: { KEY: 'stream-key', KEY2: 'other-key' } });
    expect(secrets).toEqual(expect.arrayContaining(['stream-key', 'other-key']));
  });

  it('are not asked for when the file is missing', () => {
    expect(() => loadConfig('/no/such/file.yaml', {})).toThrow(/no such file/);
  });
});

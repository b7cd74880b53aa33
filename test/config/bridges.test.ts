import { bridgeSchema } from '../../config/bridges-schema';
import { ConfigError } from '../../config/config-error';
import { defineConfig } from '../../config/define-config';
import type { ConfigInput } from '../../config/schema';

const LOG = { type: 'redis', url: 'redis://h' } as const;

const load = (bridges: unknown, events: unknown = [LOG]) =>
  defineConfig({ cameras: { a: { url: 'a.mp4' } }, events, bridges } as ConfigInput, '/srv');

function faultsOf(bridges: unknown, events?: unknown): readonly string[] {
  try {
    load(bridges, events);
  } catch (error) {
    if (error instanceof ConfigError) return error.faults.map(({ path, message }) => `${path}: ${message}`);
    throw error;
  }
  return [];
}

describe('bridges of the configuration', () => {
  it('need no more than where they lead to', () => {
    const { config, secrets } = load({
      hook: {
        type: 'webhook',
        url: 'https://user:pass-word@h/x',
        secret: 'sixteen letters!',
        headers: { 'x-key': 'top-secret' },
      },
      home: { type: 'mqtt', url: 'mqtts://user:mqtt-word@h', caFile: 'ca.pem' },
      log: { type: 'jsonl', path: 'out/e.jsonl' },
    });
    expect(config.bridges).toMatchObject({
      hook: { timeoutMs: 10_000, retryForMs: 3_600_000, concurrency: 8, allow: [], from: 'now' },
      home: { prefix: 'sightline', homeAssistant: false, frigate: false, caFile: '/srv/ca.pem' },
      log: { path: '/srv/out/e.jsonl', maxFiles: 10 },
    });
    expect(secrets).toEqual(
      expect.arrayContaining(['pass-word', 'mqtt-word', 'sixteen letters!', 'top-secret']),
    );
    expect(load({}).config.bridges).toEqual({});
  });

  it('read from a sink that there is', () => {
    const hook = { hook: { type: 'webhook', url: 'https://h/' } };
    const expected =
      'bridges: expected a sink of the type redis in "events" as well: bridges read what it writes';
    expect(faultsOf(hook, [])).toEqual([expect.stringContaining(expected)]);
    expect(faultsOf(hook, [{ type: 'jsonl', path: '-' }])).toHaveLength(1);
    expect(faultsOf(hook)).toEqual([]);
  });

  it.each([
    [{ type: 'webhook', url: 'ftp://h/' }, 'url: expected http://host/path or https://host/path'],
    [
      { type: 'webhook', url: 'https://h/', secret: 'short' },
      'secret: expected at least 16 characters, or whsec_ and base64',
    ],
    [
      { type: 'webhook', url: 'https://h/', secret: 'whsec_not base64!' },
      'secret: expected at least 16 characters, or whsec_ and base64',
    ],
    [
      {
        type: 'webhook',
        url: 'https://h/',
        secret: 'whsec_short-MfKQ9r8GKYqrTwjUPD8'.replace('short-', '') + 'IL',
      },
      'secret: expected at least 16 characters, or whsec_ and base64',
    ],
    [
      { type: 'webhook', url: 'https://us%er:short@h/' },
      'url: expected http://host/path or https://host/path, with user and password percent-encoded',
    ],
    [{ type: 'mqtt', url: 'mqtt://user:short%@h' }, 'url: expected mqtt://user:password@host:1883'],
    [
      { type: 'webhook', url: 'https://h/', allow: ['lan'] },
      'allow[0]: expected a network such as 192.168.1.0/24',
    ],
    [
      { type: 'webhook', url: 'https://h/', headers: { 'x y': 'a' } },
      'headers["x y"]: expected the name of a header that is not of the request itself, got',
    ],
    [
      { type: 'webhook', url: 'https://h/', headers: { x: 'two\nlines' } },
      'headers.x: expected one line of printable ASCII, got another text',
    ],
    [
      { type: 'webhook', url: 'http://192.168.1.5/' },
      'url: expected a public address or one of the networks in "allow", got',
    ],
    [
      { type: 'webhook', url: 'https://h/', types: ['track.end'] },
      'types[0]: expected a type of events such as track.ended',
    ],
    [
      { type: 'webhook', url: 'https://h/', types: ['no.*'] },
      'types[0]: expected a type of events such as track.ended',
    ],
    [{ type: 'mqtt', url: 'http://h' }, 'url: expected mqtt://user:password@host:1883'],
    [{ type: 'mqtt', url: 'mqtt://h', prefix: 'a/#' }, 'prefix: expected a topic without # and +'],
    [{ type: 'jsonl', path: 'a', maxFiles: 0 }, 'maxFiles: expected'],
    [{ type: 'kafka' }, 'type: expected'],
    [{ type: 'jsonl', path: 'a.mp4' }, 'path: expected another file than an input'],
  ])('tells what is wrong with %j', (bridge, fault) => {
    const faults = faultsOf({ one: bridge });
    expect(faults).toEqual([expect.stringContaining(`bridges.one.${fault}`)]);
    expect(faults.join()).not.toMatch(/short|not base64|two lines/);
  });

  it.each(['Content-Length', 'transfer-encoding', 'Connection', 'Webhook-Id'])(
    'have no header %s, which requests have themselves',
    (name) => {
      const fault = `bridges.one.headers.${name}: expected the name of a header that is not of the request itself`;
      expect(faultsOf({ one: { type: 'webhook', url: 'https://h/', headers: { [name]: 'x' } } })).toEqual([
        expect.stringContaining(fault),
      ]);
    },
  );

  it('have names that can be part of keys and topics, and are looked at beneath wrong ones', () => {
    expect(faultsOf({ 'A b': { type: 'jsonl', path: '' } })).toEqual([
      expect.stringContaining('bridges["A b"]: expected'),
      expect.stringContaining('bridges["A b"].path: expected'),
    ]);
  });

  it('do not write one file twice', () => {
    const both = { one: { type: 'jsonl', path: 'e' }, two: { type: 'jsonl', path: './e' } };
    expect(faultsOf(both)).toEqual([
      expect.stringContaining('bridges.two.path: expected a file that nothing else writes'),
    ]);
  });

  it('have a description of every key', () => {
    for (const { shape } of bridgeSchema.options)
      for (const [key, schema] of Object.entries(shape))
        expect([key, schema.description ?? '']).not.toContain('');
  });
});
